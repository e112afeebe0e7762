#!/usr/bin/env bash
# Runs a tool on a Slurm cluster; the scripts slurm_*.sh call it:
#   GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 tools/srun.sh PARTITION JOB_NAME TOOL [arguments of the tool]
# SRUN_ARGS holds further arguments of srun. One process a GPU; GPUS_PER_NODE=0 asks for none, with GPUS processes.
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,4s/^# *//p' "$0" >&2; exit 2; }
partition=$1 job=$2 tool=$3
shift 3
processes=${GPUS:-8}
gpus_per_node=${GPUS_PER_NODE:-$((processes < 8 ? processes : 8))}
resources=(--gres="gpu:$gpus_per_node" --ntasks-per-node="$gpus_per_node")
[ "$gpus_per_node" != 0 ] || resources=()
# SRUN_ARGS is a list of words on purpose.
# shellcheck disable=SC2086
exec srun --partition="$partition" --job-name="$job" --ntasks="$processes" "${resources[@]}" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$(dirname "$0")/$tool" --launcher slurm "$@"
