#!/bin/bash
# benchmarks/run.sh FOLDER [ARGUMENT...]: runs every bench_* program in FOLDER, with the arguments given, and prints the
# ratios that matter. The measurements stay in FOLDER as JSON, for benchmarks/table.py.
set -euo pipefail
if [[ $# -lt 1 ]]; then
    echo "usage: $0 FOLDER [ARGUMENT...]" >&2
    exit 2
fi
folder=$1
shift
results=()
failed=()
for program in "$folder"/bench_*; do
    [[ -x $program && -f $program ]] || continue
    output=$program.json
    # No measurement of an earlier run may stand in for one that a filter leaves out now.
    rm -f "$output"
    if ! "$program" --benchmark_min_time=0.2 --benchmark_format=console \
        --benchmark_out="$output" --benchmark_out_format=json "$@"; then
        failed+=("$program")
    elif [[ -s $output ]]; then
        results+=("$output")
    fi
done
if [[ ${#results[@]} -gt 0 ]]; then
    python3 "$(dirname "$0")/table.py" "${results[@]}"
else
    echo "$folder: nothing was measured" >&2
    exit 1
fi
if [[ ${#failed[@]} -gt 0 ]]; then
    echo "failed: ${failed[*]}" >&2
    exit 1
fi
