#!/usr/bin/env bash
# Puts GLAM of the study's first seed into glam-phantoms.zip:
#   projects/glam/model/make.sh STUDY      the folder of "mammo study glam --seeds 0 --rows glam --out STUDY"
set -euo pipefail
[ $# = 1 ] || { sed -n '2,3s/^# *//p' "$0" >&2; exit 2; }
seed=$(cd "$1/seed0" && pwd)
cd "$(dirname "$0")/../../.."
tools/ready_model.sh "$seed/configs/test-glam.py" "$(cat "$seed/work_dirs/glam_joint/last_checkpoint")" \
    "$seed/phantoms.json" projects/glam/model/about.json projects/glam/model/glam-phantoms.zip FFDM center-hit
