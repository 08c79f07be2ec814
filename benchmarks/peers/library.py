#!/usr/bin/env python3
"""One case of one Python library, measured in a process of its own. Called by compare.py.

The counterpart of the C++ programs is program/; both repeat calls in the same way and write the same JSON."""

import argparse
import faulthandler
import gc
import importlib
import json
import math
import os
import time

import numpy as np

import cases

MODULES = {"numpy": "numpy_cases", "torch": "torch_cases", "torch_compile": "torch_cases", "jax": "jax_cases",
           "mlx": "mlx_cases", "drjit": "drjit_cases"}


def status(key):
    """A value of /proc/self/status in kB."""
    with open("/proc/self/status") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name == key:
                return int(value.split()[0])
    return 0


def reset_peak_memory():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def busy_seconds_of_machine():
    with open("/proc/stat") as file:
        values = [int(word) for word in file.readline().split()[1:]]
    return (sum(values[:3]) + sum(values[5:8])) / os.sysconf("SC_CLK_TCK")


def time_calls(call, expected, options):
    """Sorted seconds of calls, and how they were taken. Short ones are timed several at a time."""
    group = min(1000, math.ceil(50e-6 / max(expected, 1e-7))) if expected < 20e-6 else 1
    gc.collect()
    gc.freeze()
    seconds = []
    busy, own, start = busy_seconds_of_machine(), time.process_time(), time.perf_counter()
    while True:
        begin = time.perf_counter()
        for _ in range(group):
            call()
        seconds.append((time.perf_counter() - begin) / group)
        elapsed = time.perf_counter() - start
        if (len(seconds) >= options.min_reps and elapsed >= options.min_time
                or elapsed >= options.max_time and len(seconds) >= min(3, options.min_reps)
                or len(seconds) >= options.max_reps):
            break
    others = busy_seconds_of_machine() - busy - (time.process_time() - own)
    return sorted(seconds), {"timed_s": elapsed, "others_cpu": max(0.0, others / elapsed), "inner": group}


def parts(inputs):
    """The arrays of a case's inputs, those of lists among them."""
    for value in inputs.values():
        yield from value if isinstance(value, list) else [value]


def measure(peer, case, options, result):
    function, arguments = peer.build(case.name, case.make(cases.Gen()), options.variant)

    def call():
        out = function(*arguments)
        peer.sync(out)
        return out

    def timed():
        begin = time.perf_counter()
        call()
        return time.perf_counter() - begin

    if options.memory:
        gc.collect()
        reset_peak_memory()
        resident = status("VmRSS")
    begin = time.perf_counter()
    out = call()
    first = time.perf_counter() - begin
    result["cold_ms"] = 1e3 * first
    if options.memory:
        result["rss_growth_cold_mb"] = (status("VmHWM") - resident) / 1024
    if options.dump:
        os.makedirs(options.dump, exist_ok=True)
        for i, array in enumerate(peer.canon(case.name, peer.to_numpy(out))):
            array = np.ascontiguousarray(array)
            array = array.astype(np.float32 if array.dtype.kind == "f" else np.int64)
            array.tofile(os.path.join(options.dump, f"{i}.{array.dtype}"))
    del out
    if not options.max_reps:
        return
    # At least three calls: thread pools, allocators and clocks settle only then.
    calls = [first]
    slow = first > options.max_time
    begin = time.perf_counter()
    while len(calls) < (2 if slow else 4) or time.perf_counter() - begin < options.warmup and len(calls) < 5000:
        calls.append(timed())
        if calls[-1] > options.max_time:
            break
    result["first_calls_ms"] = [1e3 * seconds for seconds in calls[:4]]
    if options.memory:
        gc.collect()
        reset_peak_memory()
        timed()
        result["rss_growth_warm_mb"] = (status("VmHWM") - resident) / 1024
        if hasattr(peer, "allocated_at_most"):
            inputs = sum(np.asarray(part).nbytes for part in parts(case.make(cases.Gen())))
            result["array_peak_mb"] = (inputs + peer.allocated_at_most(function, arguments)) / 2**20
    seconds, how = time_calls(call, calls[-1], options)
    count = len(seconds)
    result.update(how, reps=count, min_ms=1e3 * seconds[0], p90_ms=1e3 * seconds[min(count - 1, count * 9 // 10)],
                  warm_ms=1e3 * (seconds[count // 2] + seconds[(count - 1) // 2]) / 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True, choices=MODULES)
    for name in ("--case", "--variant", "--result", "--dump"):
        parser.add_argument(name, default="")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--memory", action="store_true")
    for name, default in (("--min-reps", 10), ("--max-reps", 20000)):
        parser.add_argument(name, type=int, default=default)
    for name, default in (("--min-time", 0.5), ("--max-time", 15.0), ("--warmup", 0.3)):
        parser.add_argument(name, type=float, default=default)
    options = parser.parse_args()
    faulthandler.enable()
    module = importlib.import_module(MODULES[options.peer])
    peer = module.Peer(options.peer == "torch_compile") if module.__name__ == "torch_cases" else module.Peer()
    peer.variant = options.variant
    peer.start(options.threads)
    peer.warm_library()
    result = {"version": peer.version}
    measure(peer, cases.CASES[options.case], options, result)
    result.update(peak_rss_mb=status("VmHWM") / 1024, stage="done")
    with open(options.result, "w") as file:
        json.dump(result, file)
    os._exit(0)  # Some libraries take long, or crash, as they are unloaded.


if __name__ == "__main__":
    main()
