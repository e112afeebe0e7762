#!/usr/bin/env bash
# Runs a plan of stages on several GPUs (or CPU processes, where there is no GPU) of one or more machines:
#   tools/dist_stages.sh PLAN NUM_PROCESSES [arguments of tools/stages.py, such as --out DIR]
# More machines: NNODES, NODE_RANK, MASTER_ADDR and PORT, as torchrun understands them.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,4s/^# *//p' "$0" >&2; exit 2; }
plan=$1 processes=$2
shift 2
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" --nproc_per_node="$processes" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    "$(dirname "$0")/stages.py" "$plan" --launcher pytorch "$@"
