#!/usr/bin/env bash
# Trains on a Slurm cluster:
#   GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 tools/slurm_train.sh PARTITION JOB_NAME CONFIG WORK_DIR [arguments of tools/train.py]
# SRUN_ARGS holds further arguments of srun.
set -euo pipefail
[ $# -ge 4 ] || { sed -n '2,4s/^# *//p' "$0" >&2; exit 2; }
exec bash "$(dirname "$0")/srun.sh" "$1" "$2" train.py "$3" --work-dir "$4" "${@:5}"
