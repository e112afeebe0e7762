#!/usr/bin/env bash
# Puts the fused model of the study's first seed into fused-efficientdet-phantoms.zip:
#   projects/sm_ffdm_fusion/model/make.sh STUDY      the folder of "mammo study sm_ffdm_fusion --seeds 0 --rows fused --out STUDY"
set -euo pipefail
[ $# = 1 ] || { sed -n '2,3s/^# *//p' "$0" >&2; exit 2; }
seed=$(cd "$1/seed0" && pwd)
cd "$(dirname "$0")/../../.."
tools/ready_model.sh "$seed/configs/test-fused.py" "$seed/work_dirs/fused/iter_400.pth" "$seed/phantoms.json" \
    projects/sm_ffdm_fusion/model/about.json projects/sm_ffdm_fusion/model/fused-efficientdet-phantoms.zip SM center-hit
