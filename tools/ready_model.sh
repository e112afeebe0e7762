#!/usr/bin/env bash
# Puts a trained model into one file, with thresholds of its validation split and the numbers of its test split, which the
# stored 16-bit weights give:
#   tools/ready_model.sh CONFIG CHECKPOINT ANN ABOUT.json ZIP MODALITY|all [PROTOCOL]
# Without a PROTOCOL (of "mammo evaluate") the model has no findings, and no thresholds. MAMMO says how "mammo" is called,
# TEST_ANN where the test split is, if not in ANN, and TARGETS what is to be found, if not what the protocol says.
set -euo pipefail
[ $# -ge 6 ] || { sed -n '2,6s/^# *//p' "$0" >&2; exit 2; }
config=$1 checkpoint=$2 ann=$3 about=$4 zip=$5 modality=$6 protocol=${7:-}
mammo=${MAMMO:-mammo}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export_model() {
    $mammo model export "$config" "$checkpoint" "$1" --about "$about" --license "$(dirname "$0")/../LICENSE" --half "${@:2}"
}

declare -A ann_of=([validation]=$ann [test]=${TEST_ANN:-$ann})
export_model "$work/model.zip"
for split in validation test; do
    $mammo test --model "$work/model.zip" --ann "${ann_of[$split]}" --split $split --out "$work/$split.csv" --work-dir "$work/$split"
done
found=(--protocol "$protocol" ${TARGETS:+--targets $TARGETS})
images=()
[ "$modality" = all ] || images+=(--modality "$modality")
score=(--ann "${ann_of[test]}" --split test "${images[@]}" --bootstrap 1000)
metrics=()
for predictions in "$work"/test.csv "$work"/test_labels*.csv "$work"/test_maps; do
    [ -e "$predictions" ] || continue
    name=$(basename "$predictions" .csv)
    how=()
    [ "$name" != test ] || [ -z "$protocol" ] || how=("${found[@]}")
    $mammo evaluate "$predictions" "${score[@]}" "${how[@]}" --json "$work/$name.json"
    metrics+=("$name=$work/$name.json")
done
thresholds=()
if [ -n "$protocol" ]; then
    thresholds=(--thresholds-from "$work/validation.csv" --ann "$ann" --split validation "${images[@]}" "${found[@]}")
fi
export_model "$zip" "${thresholds[@]}" --metrics "${metrics[@]}"
