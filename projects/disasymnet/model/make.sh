#!/usr/bin/env bash
# Puts DisAsymNet of the study's first seed into disasymnet-phantoms.zip:
#   projects/disasymnet/model/make.sh STUDY      the folder of "mammo study disasymnet --seeds 0 --rows disasymnet --out STUDY"
set -euo pipefail
[ $# = 1 ] || { sed -n '2,3s/^# *//p' "$0" >&2; exit 2; }
seed=$(cd "$1/seed0" && pwd)
cd "$(dirname "$0")/../../.."
tools/ready_model.sh "$seed/configs/test-disasymnet.py" "$(cat "$seed/work_dirs/disasymnet/last_checkpoint")" \
    "$seed/seen/phantoms.json" projects/disasymnet/model/about.json projects/disasymnet/model/disasymnet-phantoms.zip FFDM
