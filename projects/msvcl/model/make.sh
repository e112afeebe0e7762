#!/usr/bin/env bash
# Puts FCOS on the backbone of MSVCL v2, with mass matching, of the study's first seed into fcos-matching-phantoms.zip:
#   projects/msvcl/model/make.sh STUDY      the folder of "mammo study msvcl --seeds 0 --rows msvcl_v2 --out STUDY"
set -euo pipefail
[ $# = 1 ] || { sed -n '2,3s/^# *//p' "$0" >&2; exit 2; }
seed=$(cd "$1/seed0" && pwd)
cd "$(dirname "$0")/../../.."
# The study scores pairs with these weights; a model that is used gives findings.
cat > "$seed/configs/ready_model.py" << END
_base_ = './match_msvcl_v2.py'
test_evaluator = dict(_delete_=True, type='VolumeDetectionMetric', ann_file='$seed/test/phantoms.json', split='test',
                      modality='FFDM', protocols=['coco'], targets=['mass'])
END
TARGETS=mass TEST_ANN=$seed/test/phantoms.json tools/ready_model.sh "$seed/configs/ready_model.py" \
    "$(cat "$seed/work_dirs/match_msvcl_v2/last_checkpoint")" \
    "$seed/seen/phantoms.json" projects/msvcl/model/about.json projects/msvcl/model/fcos-matching-phantoms.zip FFDM coco
