#!/usr/bin/env python3
"""Writes examples/data/digits.bin from scikit-learn's copy of the UCI optical digits.

Needs scikit-learn (pip install scikit-learn). The format is described in examples/data/README.md.
"""

import pathlib
import struct
import sys

import numpy as np
from sklearn.datasets import load_digits


def main() -> None:
    default = pathlib.Path(__file__).resolve().parent.parent / "examples" / "data" / "digits.bin"
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    digits = load_digits()
    pixels = digits.images.astype(np.uint8)
    labels = digits.target.astype(np.uint8)
    if not np.array_equal(pixels, digits.images) or pixels.max() > 16:
        sys.exit("make_digits: pixels are not integers from 0 to 16")
    header = struct.pack("<8sIII", b"LTDIGIT1", *pixels.shape)
    path.write_bytes(header + pixels.tobytes() + labels.tobytes())
    print(f"{path}: {len(labels)} images of {pixels.shape[1]} x {pixels.shape[2]}")


if __name__ == "__main__":
    main()
