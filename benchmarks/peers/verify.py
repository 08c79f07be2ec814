#!/usr/bin/env python3
"""Compares results that compare.py --dump FOLDER wrote: verify.py FOLDER [LIBRARY.VARIANT, default torch.plain].

The error of a result is the largest deviation as a share of the largest element; of a training step that of the change."""

import pathlib
import sys

import numpy as np

import cases

TRAINING_TOLERANCE = 1e-2


def results(folder):
    paths = sorted(folder.iterdir(), key=lambda path: int(path.stem))
    return [np.fromfile(path, dtype=path.suffix[1:]) for path in paths]


def before(case):
    """Of a training step what its results are new values of; nothing for the loss."""
    inputs = case.make(cases.Gen())
    if "params" not in inputs:
        return None
    old = [array for name in ("params", "m", "v") for array in inputs.get(name, [])]
    return [np.zeros(1)] + [array.reshape(-1) for array in old]


def error(case, ours, theirs, old):
    if len(ours) != len(theirs):
        return float("inf")
    worst = 0.0
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if a.size != b.size:
            return float("inf")
        if case.name.startswith("argmax"):
            worst = max(worst, float((a != b).mean()))
            continue
        start = old[i] if old else 0
        a, b = a.astype(np.float64) - start, b.astype(np.float64) - start
        worst = max(worst, float(np.abs(a - b).max() / (np.abs(b).max() + 1e-12)))
    return worst


def main():
    folder = pathlib.Path(sys.argv[1])
    reference = sys.argv[2] if len(sys.argv) > 2 else "torch.plain"
    failed = compared = 0
    for case in cases.CASES.values():
        names = {path.name: path for path in sorted(folder.glob(f"{case.name}/*"))}
        chosen = reference if reference in names else next((name for name in names if name.startswith("torch.")), None)
        if chosen is None:
            continue
        theirs, old = results(names[chosen]), before(case)
        tolerance = TRAINING_TOLERANCE if old else case.tol
        for name, path in names.items():
            if name == chosen:
                continue
            deviation = error(case, results(path), theirs, old)
            compared += 1
            failed += deviation > tolerance
            if deviation > tolerance or "-v" in sys.argv:
                print(f"{'BAD' if deviation > tolerance else 'ok '} {case.name:15s} {name:20s} {deviation:.2e}")
    print(f"{compared - failed} agree, {failed} differ")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
