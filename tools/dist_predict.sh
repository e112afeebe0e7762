#!/usr/bin/env bash
# Predicts the studies of a folder on several GPUs (or in CPU processes, where there is no GPU) of one or more machines:
#   tools/dist_predict.sh SOURCE DIR NUM_PROCESSES [arguments of tools/predict.py]
# Run it again with --resume after a stop. More machines: NNODES, NODE_RANK, MASTER_ADDR and PORT, as torchrun understands them.
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,4s/^# *//p' "$0" >&2; exit 2; }
exec bash "$(dirname "$0")/torchrun.sh" predict.py "$3" "$1" --out "$2" "${@:4}"
