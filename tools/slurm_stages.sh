#!/usr/bin/env bash
# Runs a plan of stages on a Slurm cluster, as one job; submit it again after a stop, and it goes on:
#   GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 tools/slurm_stages.sh PARTITION JOB_NAME PLAN DIR [arguments of tools/stages.py]
# SRUN_ARGS holds further arguments of srun.
set -euo pipefail
[ $# -ge 4 ] || { sed -n '2,4s/^# *//p' "$0" >&2; exit 2; }
exec bash "$(dirname "$0")/srun.sh" "$1" "$2" stages.py "$3" --out "$4" "${@:5}"
