#!/usr/bin/env python3
"""Latent beside other libraries, case by case: compare.py PROGRAMS --results FOLDER [--report docs/peers.md].

PROGRAMS is the folder of latent_cases and the other C++ programs. Each case of each library runs in a fresh process,
one at a time; the libraries take turns, --rounds times. The measurements go to FOLDER as JSON after every case, so a
run can be stopped and gone on with. README.md says what is measured, SPEC.md what the cases compute."""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np
from safetensors.numpy import save_file

import cases
import report

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM_PEERS = ("latent", "openblas", "onednn", "eigen", "halide")  # programs of their own
PEERS = PROGRAM_PEERS + ("numpy", "torch", "torch_compile", "jax", "mlx", "drjit")
TRAINING = ("mlp_train", "mlp_adam", "convnet_train", "gpt_nano_train")
# What does not end in reasonable time: 100,000 operations in one traced function.
LEFT_OUT = {("torch_compile", "chain_100k")}
# What each library is told to use no wider vectors than AVX2; the others are built for the processor, or cannot be told.
AVX2_ALONE = {
    "latent": {"LATENT_ISA": "avx2"},
    "openblas": {"OPENBLAS_CORETYPE": "Haswell"},
    "onednn": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "numpy": {"OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": "AVX512F,AVX512CD,AVX512_SKX,AVX512_CLX,"
                                                                          "AVX512_CNL,AVX512_ICL,AVX512_SPR"},
    "torch": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "jax": {"XLA_FLAGS": "--xla_cpu_max_isa=AVX2"},
}
DRJIT_GROUPS = ("elementwise", "reductions", "overhead", "memory")


def program_of(peer, options):
    return str(pathlib.Path(options.programs) / f"{peer}_cases")


def program_cases(options):
    """What each program measures: {library: {case: variants}}. Those that were not built have nothing."""
    known = {}
    for peer in PROGRAM_PEERS:
        if peer in options.peers and os.path.exists(program_of(peer, options)):
            listed = subprocess.run([program_of(peer, options), "--list"], check=True, capture_output=True, text=True)
            known[peer] = {name: ways for name, *ways in map(str.split, listed.stdout.splitlines())}
    return known


def variants(peer, case, programs, options):
    """Ways of a library to run a case; the fastest one counts. Empty where it does not run it."""
    if peer in PROGRAM_PEERS:
        ways = programs.get(peer, {}).get(case.name, [])
        tuned = [report.TUNED] if peer == report.OURS and "plain" in ways and options.tune else []
        return [way for way in ways if not options.dump or way != report.SECOND_SIZE] + tuned
    if (peer, case.name) in LEFT_OUT or (peer == "drjit" and case.group not in DRJIT_GROUPS):
        return []
    if peer == "mlx":
        return ["plain", "compile"]
    if peer == "torch" and case.name in TRAINING:
        return ["functional", "optim"] + (["channels_last"] if case.name == "convnet_train" else [])
    if peer in ("torch", "torch_compile") and (case.group == "conv" or case.name == "resblock_fwd"):
        return ["plain", "channels_last"]
    if peer == "jax" and case.group == "overhead":
        return ["jit", "eager"]
    return ["plain"]


def processor(isa):
    """Its name, and the widest vectors that are used of those that it has instructions for."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    values = dict(reversed([[part.strip() for part in line.split(":", 1)] for line in lines if ":" in line]))
    flags = values.get("flags", "").split()
    vectors = next((name for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in flags), "SSE")
    if isa == "avx2" and vectors == "AVX-512":
        vectors = "AVX2 alone"
    return (f"{values.get('model name', 'an unknown processor')}, family {values.get('cpu family', '?')} "
            f"model {values.get('model', '?')}, {vectors}")


def openblas_core():
    """What OpenBLAS takes for a processor newer than itself is slower than what it has for its instructions."""
    with open("/proc/cpuinfo") as file:
        flags = file.read()
    return "SkylakeX" if "avx512vl" in flags else "Haswell" if "avx2" in flags else ""


def environment(peer, threads, isa):
    count = str(threads)
    result = dict(os.environ, OMP_NUM_THREADS=count, MKL_NUM_THREADS=count, OPENBLAS_NUM_THREADS=count,
                  JAX_PLATFORMS="cpu", CUDA_VISIBLE_DEVICES="", PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")
    if core := openblas_core():
        result["OPENBLAS_CORETYPE"] = core
    if peer in ("torch", "torch_compile", "jax", "mlx", "numpy"):
        # glibc keeps what was freed, so that large results cost no page faults; Latent and Dr.Jit do so by themselves.
        result.update(MALLOC_MMAP_MAX_="0", MALLOC_TRIM_THRESHOLD_=str(1 << 40), MALLOC_TOP_PAD_=str(64 << 20),
                      MALLOC_ARENA_MAX="1")
    if isa == "avx2":
        result.update(AVX2_ALONE[peer])
    return result


def write_inputs(case, path):
    tensors = {}
    for name, value in case.make(cases.Gen()).items():
        if isinstance(value, list):
            tensors.update({f"{name}.{i}": np.ascontiguousarray(part) for i, part in enumerate(value)})
        else:
            tensors[name] = np.ascontiguousarray(value)
    save_file(tensors, path)


def resident_gigabytes(pid):
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**30
    except OSError:
        return 0.0


def run_once(peer, case, variant, threads, inputs, options):
    """The measurement, or {"error": ...}. The process and those it starts are ended with it."""
    with tempfile.TemporaryDirectory(prefix="peers_") as folder:
        result = os.path.join(folder, "result.json")
        arguments = ["--case", case.name, "--threads", str(threads), "--result", result,
                     "--min-reps", str(options.min_reps), "--min-time", str(options.min_time),
                     "--max-time", str(options.max_time), "--warmup", str(options.warmup)]
        if case.group == "memory" or case.name in TRAINING:
            arguments.append("--memory")
        if options.dump:
            arguments += ["--dump", os.path.join(options.dump, case.name, f"{peer}.{variant}")]
        # Tuning is a matter of the first call, which is not timed.
        arguments += ["--variant", "plain" if variant == report.TUNED else variant]
        if peer in PROGRAM_PEERS:
            command = [program_of(peer, options), *arguments, "--inputs", inputs]
        else:
            command = [sys.executable, str(HERE / "library.py"), "--peer", peer, *arguments]
        cores = ",".join(str(core) for core in sorted(os.sched_getaffinity(0))[:threads])
        # Compilers' caches are fresh, so that the first call is one.
        fresh = {"TMPDIR": folder, "XDG_CACHE_HOME": folder, "LATENT_CACHE_DIR": folder,
                 "TORCHINDUCTOR_CACHE_DIR": os.path.join(folder, "inductor")}
        if variant == report.TUNED:
            fresh["LATENT_TUNE"] = f"{options.tune:g}"
        with open(os.path.join(folder, "log"), "w+b") as log:
            process = subprocess.Popen(["taskset", "-c", cores, *command], env={**environment(peer, threads, options.isa), **fresh},
                                       stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                       start_new_session=True)
            error = None
            begin = time.monotonic()
            while error is None:
                try:
                    process.wait(timeout=0.5)
                    break
                except subprocess.TimeoutExpired:
                    if time.monotonic() - begin > options.timeout:
                        error = f"stopped after {options.timeout:g} s"
                    elif resident_gigabytes(process.pid) > options.max_memory:
                        error = f"stopped at {options.max_memory:g} GiB of memory"
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
            log.seek(0)
            lines = log.read().decode(errors="replace").strip().splitlines()
        if error is None and os.path.exists(result):
            with open(result) as file:
                return json.load(file)
        if error is None and process.returncode < 0:
            error = f"ended by {signal.Signals(-process.returncode).name}"
        return {"error": error or (lines[-1][:300] if lines else f"ended with status {process.returncode}")}


def measured_cases(options):
    for threads in options.threads:
        for case in (cases.CASES[name] for name in cases.select(options.cases)):
            yield threads, case


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", help="folder of latent_cases, openblas_cases and so on")
    parser.add_argument("--results", required=True, help="folder of the measurements")
    parser.add_argument("--report", help="where the table goes (.md; the page with plots beside it, .html)")
    parser.add_argument("--peers", type=lambda text: text.split(","), default=list(PEERS))
    parser.add_argument("--isa", choices=("avx2", "avx512"), default="avx512",
                        help="the widest vectors; with avx2 only libraries that can be told so run")
    parser.add_argument("--threads", type=lambda text: [int(word) for word in text.split(",")], default=[1, 2])
    parser.add_argument("--cases", default="all", help="all, groups, names or globs; -name removes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dump", help="folder for results, for verify.py")
    parser.add_argument("--tune", type=float, default=0,
                        help="seconds of tuning for Latent's variant 'tuned', which is measured besides; 0: not")
    for name, default in (("--min-time", 0.3), ("--max-time", 6.0), ("--warmup", 0.3), ("--timeout", 300.0),
                          ("--max-memory", 12.0)):
        parser.add_argument(name, type=float, default=default)
    parser.add_argument("--min-reps", type=int, default=10)
    options = parser.parse_args()
    if options.isa == "avx2":
        options.peers = [peer for peer in options.peers if peer in AVX2_ALONE]
    folder = pathlib.Path(options.results)
    folder.mkdir(parents=True, exist_ok=True)
    programs = program_cases(options)
    for threads in options.threads:
        limits = subprocess.run([program_of("latent", options), "--machine", "--threads", str(threads), "--isa", options.isa],
                                check=True, capture_output=True, text=True).stdout
        machine = {**json.loads(limits), "processor": processor(options.isa)}
        known = folder / f"machine.{threads}.json"
        if known.exists() and json.loads(known.read_text()).get("processor") != machine["processor"]:
            sys.exit(f"{folder} holds what was measured on another processor or with other vectors; give another folder")
        (folder / f"machine.{threads}.json").write_text(json.dumps(machine))
    with tempfile.TemporaryDirectory(prefix="peer_inputs_") as inputs_folder:
        for threads, case in measured_cases(options):
            path = folder / f"{case.name}.{threads}.json"
            known = json.loads(path.read_text()) if path.exists() else []
            inputs = os.path.join(inputs_folder, case.name + ".safetensors")
            if not os.path.exists(inputs):
                write_inputs(case, inputs)
            for round_number in range(options.rounds):
                for peer in options.peers:
                    for variant in variants(peer, case, programs, options):
                        way = {"peer": peer, "variant": variant}
                        key = {**way, "round": round_number}
                        # What failed in one round is not tried again in the next: that may take until --timeout.
                        if any(key.items() <= entry.items() or "error" in entry and way.items() <= entry.items()
                               for entry in known):
                            continue
                        entry = {**key, "case": case.name, "threads": threads,
                                 **run_once(peer, case, variant, threads, inputs, options)}
                        known.append(entry)
                        path.write_text(json.dumps(known, indent=1))
                        shown = entry.get("error") or f"{entry['warm_ms']:10.4f} ms (cold {entry['cold_ms']:.1f})"
                        print(f"{case.name:15s} {threads} {peer:13s} {variant:10s} {shown}", flush=True)
            os.remove(inputs)
    if options.report:
        report.write(folder, pathlib.Path(options.report))


if __name__ == "__main__":
    main()
