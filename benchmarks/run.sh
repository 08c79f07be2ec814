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
for program in "$folder"/bench_*; do
    [[ -x $program && -f $program ]] || continue
    # Programs with nothing that matches a filter write no file; no old one may stand in for it.
    rm -f "$program.json"
    "$program" --benchmark_min_time=0.2 --benchmark_format=console \
        --benchmark_out="$program.json" --benchmark_out_format=json "$@"
    [[ ! -s $program.json ]] || results+=("$program.json")
done
if [[ ${#results[@]} -eq 0 ]]; then
    echo "no benchmarks in $folder" >&2
    exit 1
fi
python3 "$(dirname "$0")/table.py" "${results[@]}"
