#!/usr/bin/env bash
# Trains the ready model on phantoms and puts it into mm3d-phantoms.zip, half an hour on two cores:
#   projects/mm3d/model/make.sh FOLDER
set -euo pipefail
[ $# = 1 ] || { sed -n '2,3s/^# *//p' "$0" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../../.." && pwd) out=$(mkdir -p "$1" && cd "$1" && pwd)
mammo=${MAMMO:-mammo} ann=$out/phantoms.json
cd "$root"
[ -f "$ann" ] || { $mammo phantoms "$out/phantoms" --cases 240 --seed 0 --split 0.6 0.1 0.3 && $mammo convert phantom "$out/phantoms" "$ann"; }
$mammo train configs/demo/mnm_ffdm.py --ann "$ann" --work-dir "$out/ffdm" --resume
$mammo train projects/mm3d/model/unified.py --ann "$ann" --work-dir "$out/unified" --resume \
    --cfg-options load_from="$out/ffdm/iter_800.pth"
tools/ready_model.sh projects/mm3d/model/unified.py "$out/unified/iter_2400.pth" "$ann" \
    projects/mm3d/model/about.json projects/mm3d/model/mm3d-phantoms.zip all mm3d-2d
