#!/usr/bin/env bash
# Runs a tool in several processes; the scripts dist_*.sh call it:
#   tools/torchrun.sh TOOL NUM_PROCESSES [arguments of the tool]
# More machines: NNODES, NODE_RANK, MASTER_ADDR and PORT, as torchrun understands them.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,4s/^# *//p' "$0" >&2; exit 2; }
tool=$1 processes=$2
shift 2
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" --nproc_per_node="$processes" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    "$(dirname "$0")/$tool" --launcher pytorch "$@"
