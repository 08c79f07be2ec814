#!/usr/bin/env python3
"""Sums test cases over ctest's JUnit files given as arguments; prints 'N passed, N failed'.

A ctest test that is a Catch2 program or a conformance suite counts as its test cases, any other as
one. Exits 1 if something failed or nothing ran.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree

ALL_PASSED = re.compile(r"^All tests passed \(.* in (\d+) test cases?\)", re.MULTILINE)
SUMMARY = re.compile(r"^test cases:.*$", re.MULTILINE)
CONFORMANCE = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) unsupported$", re.MULTILINE)
NOTHING_SELECTED = re.compile(r"^No tests ran", re.MULTILINE)


def count(case: ElementTree.Element) -> tuple[int, int]:
    """Passed and failed test cases of one ctest test."""
    output = case.findtext("system-out") or ""
    succeeded = case.get("status") == "run"
    if match := ALL_PASSED.search(output):
        passed, failed = int(match[1]), 0
    elif match := SUMMARY.search(output):
        numbers = {kind: int(n) for n, kind in re.findall(r"(\d+) (passed|failed)", match[0])}
        passed, failed = numbers.get("passed", 0), numbers.get("failed", 0)
    elif match := CONFORMANCE.search(output):
        passed, failed = int(match[1]), int(match[2]) + int(match[3])
    elif NOTHING_SELECTED.search(output):
        passed, failed = 0, 0
    else:
        passed, failed = int(succeeded), 0
    # A program that dies, or fails after its summary, is a failure of its own.
    return passed, failed if succeeded or failed else 1


def main() -> int:
    passed = failed = 0
    for path in sys.argv[1:]:
        for case in ElementTree.parse(path).iter("testcase"):
            case_passed, case_failed = count(case)
            passed += case_passed
            failed += case_failed
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
