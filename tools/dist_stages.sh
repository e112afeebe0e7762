#!/usr/bin/env bash
# Runs a plan of stages on several GPUs (or CPU processes, where there is no GPU) of one or more machines:
#   tools/dist_stages.sh PLAN NUM_PROCESSES [arguments of tools/stages.py, such as --out DIR]
# More machines: NNODES, NODE_RANK, MASTER_ADDR and PORT, as torchrun understands them.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,4s/^# *//p' "$0" >&2; exit 2; }
exec bash "$(dirname "$0")/torchrun.sh" stages.py "$2" "$1" "${@:3}"
