#!/usr/bin/env bash
# Predicts the studies of a folder on a Slurm cluster, as one job; submit it again with --resume after a stop:
#   GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 tools/slurm_predict.sh PARTITION JOB_NAME SOURCE DIR [arguments of tools/predict.py]
# SRUN_ARGS holds further arguments of srun.
set -euo pipefail
[ $# -ge 4 ] || { sed -n '2,4s/^# *//p' "$0" >&2; exit 2; }
exec bash "$(dirname "$0")/srun.sh" "$1" "$2" predict.py "$3" --out "$4" "${@:5}"
