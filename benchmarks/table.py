#!/usr/bin/env python3
"""Prints what the benchmarks measured as ratios: table.py FILE.json...

Names read <work>/<who>/<sizes>. Work on one thread is compared by processor time, which leaves out what other programs on
the machine took; work on more threads, and first evaluations, by real time.
"""

import json
import re
import sys
from dataclasses import dataclass, field

SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
LARGE, IN_CACHE, TINY = 1 << 24, 1 << 14, 1 << 4


@dataclass
class Result:
    seconds: float
    launches: float | None = None
    flops: float | None = None  # a second
    bytes: float | None = None  # a second


@dataclass
class Results:
    by_name: dict[tuple[str, str, str], Result] = field(default_factory=dict)  # (work, who, sizes)

    def add(self, run):
        work, who, *parts = run["run_name"].split("/")
        sizes = " ".join(part for part in parts if re.fullmatch(r"\w+:\d+", part) and
                         part.split(":")[0] not in ("iterations", "repeats"))
        unit = SECONDS[run["time_unit"]]
        real = run["real_time"] * unit
        one_thread = "threads:2" not in parts and "manual_time" not in parts
        seconds = run["cpu_time"] * unit if one_thread else real
        result = Result(seconds, run.get("launches"))
        if "flops" in run:
            result.flops = run["flops"] * real / seconds
        if "bytes_per_second" in run:
            result.bytes = run["bytes_per_second"] * real / seconds
        self.by_name[work, who, sizes] = result

    def find(self, work, who="latent", **sizes):
        """The result of that work with these sizes among its own, or None."""
        wanted = {f"{name}:{value}" for name, value in sizes.items()}
        for (its_work, its_who, its_sizes), result in self.by_name.items():
            if (its_work, its_who) == (work, who) and wanted <= set(its_sizes.split()):
                return result
        return None


def load(paths):
    results = Results()
    for path in paths:
        with open(path, encoding="utf-8") as file:
            runs = json.load(file)["benchmarks"]
        for run in runs:
            single = run["run_type"] == "iteration" or run.get("aggregate_name") == "median"
            if single and not run.get("error_occurred"):
                results.add(run)
    return results


def time_text(seconds):
    unit = next((unit for unit in ("s", "ms", "us") if seconds >= SECONDS[unit]), "ns")
    return f"{seconds / SECONDS[unit]:.3g} {unit}"


def rate_text(result):
    if result.flops is not None:
        return f"{result.flops / 1e9:.1f} GFLOP/s"
    return f"{result.bytes / 1e9:.1f} GB/s" if result.bytes is not None else ""


def print_table(title, header, rows):
    if not rows:
        return
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    print(f"\n{title}")
    for row in [header, *rows]:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def measured_rows(results):
    """Latent's time and rate, and how many times longer others take."""
    for (work, who, sizes), result in results.by_name.items():
        if who != "latent":
            continue
        others = [f"{other} x{peer.seconds / result.seconds:.2f}"
                  for (its_work, other, its_sizes), peer in results.by_name.items()
                  if (its_work, its_sizes) == (work, sizes) and other != "latent"]
        launches = "" if result.launches is None else f"{result.launches:g}"
        yield [work, sizes, time_text(result.seconds), rate_text(result), launches, ", ".join(others)]


def gemm_rows(results):
    peak = results.find("fma_peak", "measured")
    for extent in (512, 1024, 2048):
        sizes = {"m": extent, "n": extent, "k": extent, "threads": 1}
        latent, openblas = results.find("gemm", **sizes), results.find("gemm", "openblas", **sizes)
        if latent and openblas:
            yield [f"GEMM {extent}: speed of OpenBLAS", f"{openblas.seconds / latent.seconds:.2f}", ">= 0.9"]
        if latent and peak:
            yield [f"GEMM {extent}: share of the FMA peak, {peak.flops / 1e9:.0f} GFLOP/s",
                   f"{latent.flops / peak.flops:.2f}", ""]


def chain_rows(results):
    chain = results.find("chain", size=LARGE, threads=1)
    copy = results.find("copy", size=LARGE, threads=1)
    in_cache = results.find("chain", size=IN_CACHE, threads=1)
    tiny = results.find("chain", size=TINY, threads=1)
    if not (chain and copy and in_cache and tiny):
        return
    # What an evaluation costs by itself is not arithmetic.
    arithmetic = (in_cache.seconds - tiny.seconds) * LARGE / (IN_CACHE - TINY)
    yield ["chain: time of a copy of the same bytes", f"{chain.seconds / copy.seconds:.2f}", ""]
    yield ["chain: time of the same chain in cache", f"{chain.seconds / arithmetic:.2f}"
           if arithmetic > 0 else "-", ""]
    yield ["chain: time of the larger of both", f"{chain.seconds / max(copy.seconds, arithmetic):.2f}", "<= 1.15"]


def launch_rows(results):
    for work, most in (("softmax", 1), ("layer_norm", 1), ("layer_norm_backward", 2), ("gemm_bias_gelu", 1)):
        result = results.find(work)
        if result:
            yield [f"{work}: launches", f"{result.launches:g}", f"<= {most}"]


def first_rows(results):
    for work, most in (("pointwise_cold", 150), ("gemm_bias_gelu_cold", 300),
                       ("pointwise_warm", 15), ("gemm_bias_gelu_warm", 15)):
        result = results.find(f"first_{work}")
        if result:
            yield [f"first evaluation, {work}", time_text(result.seconds), f"< {most} ms"]


def main(paths):
    results = load(paths)
    print_table("Latent, and the time that others take for the same work",
                ["work", "sizes", "time", "rate", "launches", "others"], list(measured_rows(results)))
    print_table("Figures", ["figure", "measured", "wanted"],
                [*gemm_rows(results), *chain_rows(results), *launch_rows(results), *first_rows(results)])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
