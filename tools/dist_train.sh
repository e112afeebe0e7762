#!/usr/bin/env bash
# Trains on several GPUs (or CPU processes, where there is no GPU) of one or more machines:
#   tools/dist_train.sh CONFIG NUM_PROCESSES [arguments of tools/train.py]
# More machines: NNODES, NODE_RANK, MASTER_ADDR and PORT, as torchrun understands them.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,4s/^# *//p' "$0" >&2; exit 2; }
config=$1 processes=$2
shift 2
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" --nproc_per_node="$processes" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    "$(dirname "$0")/train.py" "$config" --launcher pytorch "$@"
