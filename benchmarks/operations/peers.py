#!/usr/bin/env python3
"""Times the cases in another library: peers.py numpy|torch LIST.json OUTPUT.json [--filter REGEX] ...

LIST.json is what operation_benchmarks --list prints. A time is that of one call with its results freed, in seconds, after a
call that is not timed: processor time on one thread, real time on more."""

import argparse
import json
import re
import time

import numpy as np


def drawn(spec, random):
    """An input of a case as an array; bf16, which NumPy lacks, as f32."""
    shape, low, high = spec["shape"], spec["low"], spec["high"]
    if spec["draw"] == "integer":
        values = random.integers(int(low), int(high), shape)
    elif spec["draw"] == "uniform":
        values = low + (high - low) * random.random(shape)
    else:
        values = random.standard_normal(shape)
        if spec["draw"] == "sorted":
            values.sort()
    dtypes = {"bool": np.bool_, "i32": np.int32, "i64": np.int64, "f64": np.float64}
    return values.astype(dtypes.get(spec["dtype"], np.float32))


class NumPy:
    def __init__(self, threads):
        from numpy_cases import CASES
        self.cases = CASES

    def inputs(self, specs, random):
        return [drawn(spec, random) for spec in specs]

    def forward(self, function, inputs):
        return lambda: function(*inputs)

    def gradient(self, function, inputs, specs):
        return None


class Torch:
    def __init__(self, threads):
        import torch
        from torch_cases import CASES
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self.torch, self.cases = torch, CASES

    def inputs(self, specs, random):
        tensors = [self.torch.from_numpy(drawn(spec, random)) for spec in specs]
        return [tensor.to(self.torch.bfloat16) if spec["dtype"] == "bf16" else tensor
                for tensor, spec in zip(tensors, specs)]

    def forward(self, function, inputs):
        def call():
            with self.torch.inference_mode():
                return function(*inputs)
        return call

    def gradient(self, function, inputs, specs):
        wanted = [spec["differentiable"] and tensor.is_floating_point() for tensor, spec in zip(inputs, specs)]
        leaves = [tensor.clone().requires_grad_() if want else tensor for tensor, want in zip(inputs, wanted)]
        parameters = [leaf for leaf, want in zip(leaves, wanted) if want]

        def outputs():
            results = function(*leaves)
            results = [results] if isinstance(results, self.torch.Tensor) else list(results)
            return [result for result in results if result.requires_grad]
        cotangents = [self.torch.randn(output.shape).to(output.dtype) for output in outputs()]

        def call():
            results = outputs()
            return results, self.torch.autograd.grad(results, parameters, cotangents)
        return call


def seconds_of(call, clock, min_time):
    """The time of one call: more and more of them in a row, until they take min_time."""
    call()
    count = 1
    while True:
        start = clock()
        for _ in range(count):
            call()
        elapsed = clock() - start
        if elapsed >= min_time:
            return elapsed / count
        count = max(count + 1, min(10 * count, int(count * 1.4 * min_time / max(elapsed, 1e-9))))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", choices=("numpy", "torch"))
    parser.add_argument("list")
    parser.add_argument("output")
    parser.add_argument("--filter", default="")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--min-time", type=float, default=0.05)
    arguments = parser.parse_args()
    with open(arguments.list, encoding="utf-8") as file:
        cases = json.load(file)
    library = {"numpy": NumPy, "torch": Torch}[arguments.library](arguments.threads)
    names = {case["name"] for case in cases}
    if names != set(library.cases):
        raise SystemExit(f"{arguments.library}: no case for {sorted(names - set(library.cases))}, "
                         f"or for nothing: {sorted(set(library.cases) - names)}")
    clock = time.process_time if arguments.threads == 1 else time.perf_counter
    random = np.random.default_rng(0)
    times = {}
    for case in cases:
        name, function = case["name"], library.cases[case["name"]]
        if function is None or not re.search(arguments.filter, name):
            continue
        inputs = library.inputs(case["inputs"], random)
        times[name] = seconds_of(library.forward(function, inputs), clock, arguments.min_time)
        if case["differentiable"]:
            call = library.gradient(function, inputs, case["inputs"])
            if call:
                times[f"{name}:gradient"] = seconds_of(call, clock, arguments.min_time)
    with open(arguments.output, "w", encoding="utf-8") as file:
        json.dump(times, file)


if __name__ == "__main__":
    main()
