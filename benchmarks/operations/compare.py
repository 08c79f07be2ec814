#!/usr/bin/env python3
"""Times every operation in Latent, NumPy and PyTorch in turn, and writes the table of them as Markdown.

Each round runs each library in a process of its own; what counts is the median of the rounds. On one thread it is processor
time, which leaves out what other programs on the machine took; on more, real time. No library gives freed memory back to the
system, so that none pays for fresh pages."""

import argparse
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
CONFORMANCE = HERE.parents[1] / "tests/conformance/data/cases.json"
REASONS = HERE / "reasons.json"
PEERS = ("numpy", "torch")
LIBRARIES = ("latent", *PEERS)
TITLES = {"latent": "Latent", "numpy": "NumPy", "torch": "PyTorch"}
# A ratio above this needs a reason.
LIMIT = 2.0


def run_latent(program, folder, arguments):
    output = folder / "latent.json"
    subprocess.run([program, f"--benchmark_min_time={arguments.min_time}", f"--benchmark_filter={arguments.filter or '.'}",
                    "--benchmark_format=json", f"--benchmark_out={output}", "--benchmark_out_format=json"],
                   check=True, env=environment(arguments), stdout=subprocess.DEVNULL)
    times, failures = {}, []
    for result in json.loads(output.read_text(encoding="utf-8"))["benchmarks"]:
        name = result["name"].removesuffix("/real_time").removesuffix("/process_time")
        if result.get("error_occurred"):
            failures.append(f"{name}: {result['error_message']}")
        else:
            assert result["time_unit"] == "ns"
            times[name] = 1e-9 * result["cpu_time" if arguments.threads == 1 else "real_time"]
    if failures:
        sys.exit("\n".join(failures))
    return times


def run_peer(library, cases, folder, arguments):
    output = folder / f"{library}.json"
    subprocess.run([sys.executable, HERE / "peers.py", library, cases, output, "--filter", arguments.filter,
                    "--threads", str(arguments.threads), "--min-time", str(arguments.min_time)],
                   check=True, env=environment(arguments))
    return json.loads(output.read_text(encoding="utf-8"))


def environment(arguments):
    threads = str(arguments.threads)
    return {**os.environ, "LATENT_NUM_THREADS": threads, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads, "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
            "MALLOC_TOP_PAD_": str(64 << 20), "MALLOC_ARENA_MAX": "1"}


def check_coverage(cases):
    """Every operation of the conformance suite must have a case."""
    wanted = {case["op"] for case in json.loads(CONFORMANCE.read_text(encoding="utf-8"))}
    missing = wanted - {case["name"].split("/")[0] for case in cases}
    if missing:
        sys.exit(f"no case for the operations {', '.join(sorted(missing))}")


def measure(arguments):
    """The cases, and for each library the median times by name."""
    times = {library: {} for library in LIBRARIES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        listing = subprocess.run([arguments.program, "--list"], check=True, capture_output=True, text=True).stdout
        cases = json.loads(listing)
        check_coverage(cases)
        (folder / "cases.json").write_text(listing, encoding="utf-8")
        for number in range(arguments.rounds):
            print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
            for library in LIBRARIES:
                round_times = (run_latent(arguments.program, folder, arguments) if library == "latent" else
                               run_peer(library, folder / "cases.json", folder, arguments))
                for case, seconds in round_times.items():
                    times[library].setdefault(case, []).append(seconds)
    return cases, {library: {case: statistics.median(seconds) for case, seconds in by_case.items()}
                   for library, by_case in times.items()}


def ratio(times, name):
    """Latent's time as a multiple of the fastest other's; None where no other has the case."""
    others = [times[peer][name] for peer in PEERS if name in times[peer]]
    return times["latent"][name] / min(others) if others and name in times["latent"] else None


def time_text(seconds):
    if seconds is None:
        return ""
    unit, factor = next(((unit, factor) for unit, factor in (("s", 1), ("ms", 1e3), ("us", 1e6))
                         if seconds * factor >= 1), ("ns", 1e9))
    return f"{seconds * factor:.3g} {unit}"


def ratio_text(value):
    if value is None:
        return ""
    return f"**{value:.2f}**" if value > LIMIT else f"{value:.2f}"


def size_text(case):
    def text(spec):
        extents = "x".join(str(extent) for extent in spec["shape"]) or "1"
        return extents if spec["dtype"] == "f32" else f"{spec['dtype']} {extents}"
    return ", ".join(text(spec) for spec in case["inputs"])


def table_lines(cases, times):
    yield "| operation | inputs | Latent | NumPy | PyTorch | ratio | with gradient: Latent | PyTorch | ratio |"
    yield "| --- | --- | --: | --: | --: | --: | --: | --: | --: |"
    for case in cases:
        name, gradient = case["name"], case["name"] + ":gradient"
        cells = [name, size_text(case), *(time_text(times[library].get(name)) for library in LIBRARIES),
                 ratio_text(ratio(times, name)), time_text(times["latent"].get(gradient)),
                 time_text(times["torch"].get(gradient)), ratio_text(ratio(times, gradient))]
        yield "| " + " | ".join(cells) + " |"


def summary_lines(title, ratios):
    values = list(ratios.values())
    if values:
        mean = math.exp(statistics.fmean(math.log(value) for value in values))
        yield (f"| {title} | {len(values)} | {mean:.2f} | {sum(value > 1 for value in values)} | "
               f"{sum(value > 1.5 for value in values)} | {sum(value > LIMIT for value in values)} |")


def document(cases, times, threads):
    reasons = json.loads(REASONS.read_text(encoding="utf-8"))
    ratios = {name: value for name in times["latent"] if (value := ratio(times, name)) is not None}
    slow = sorted((name for name, value in ratios.items() if value > LIMIT), key=lambda name: -ratios[name])
    yield "# The speed of every operation"
    yield ""
    yield (f"Written by `make bench-ops`: {threads} thread{'s' if threads > 1 else ''}, "
           f"{'processor' if threads == 1 else 'real'} time of building, evaluating and freeing a result whose kernels are "
           "compiled; a ratio is Latent's time as a multiple of the fastest other's. Inputs are f32 unless said otherwise. "
           "What is a view elsewhere counts with the copy that makes it contiguous. With gradient: the result and its "
           "gradients by all inputs, from a given cotangent.")
    yield ""
    yield "| | cases | geometric mean of ratios | over 1 | over 1.5 | over 2 |"
    yield "| --- | --: | --: | --: | --: | --: |"
    forward = {name: value for name, value in ratios.items() if not name.endswith(":gradient")}
    yield from summary_lines("forward", forward)
    yield from summary_lines("with gradient", {name: ratios[name] for name in ratios.keys() - forward.keys()})
    yield ""
    if slow:
        yield "## Slower than twice the fastest, and why"
        for name in slow:
            yield f"- {name.replace(':gradient', ' with gradient')} ({ratios[name]:.1f}): {reasons.get(name, 'no reason known')}"
        yield ""
    for family in dict.fromkeys(case["family"] for case in cases):
        members = [case for case in cases if case["family"] == family and case["name"] in times["latent"]]
        if members:
            yield f"## {family}"
            yield from table_lines(members, times)
            yield ""
    unexplained = [name for name in slow if name not in reasons]
    if unexplained:
        print(f"slower than {LIMIT:g} times the fastest without a reason in {REASONS.name}: {', '.join(unexplained)}",
              file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", help="operation_benchmarks")
    parser.add_argument("--output", help="the Markdown file; printed if left out")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--min-time", type=float, default=0.05, help="seconds that one measurement takes")
    parser.add_argument("--filter", default="", help="a regular expression that names must contain")
    arguments = parser.parse_args()
    cases, times = measure(arguments)
    text = "\n".join(document(cases, times, arguments.threads))
    if arguments.output:
        Path(arguments.output).write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
