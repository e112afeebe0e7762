#!/usr/bin/env bash
# Trains on several GPUs (or CPU processes, where there is no GPU) of one or more machines:
#   tools/dist_train.sh CONFIG NUM_PROCESSES [arguments of tools/train.py]
# More machines: NNODES, NODE_RANK, MASTER_ADDR and PORT, as torchrun understands them.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,4s/^# *//p' "$0" >&2; exit 2; }
exec bash "$(dirname "$0")/torchrun.sh" train.py "$2" "$1" "${@:3}"
