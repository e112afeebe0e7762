"""How long scoring takes: FROC and recall with a bootstrap, beside plain loops, and its growth with the data.

    python tools/benchmarks/evaluation.py --out tools/benchmarks/results/evaluation.json

Times and memory are those of one process on one core. The loops give a single number; the ratio compares them with a
single evaluation of everything, and the other time is that of the same with 1,000 bootstrap replicates and bands.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from pathlib import Path

for variable in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
    os.environ[variable] = '1'

import numpy as np  # noqa: E402  after the number of threads is set

from mammo_plugins.evaluation import ImageKey, Predictions, evaluate_detections  # noqa: E402
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord  # noqa: E402

VIEWS = ('L-CC', 'L-MLO', 'R-CC', 'R-MLO')
SLICES = 60


def make_data(volumes: int, predictions: int, rng: np.random.Generator) -> tuple[Predictions, AnnotationSet]:
    """Four volumes a patient; one in ten holds a malignant finding, which two of its predictions overlap."""
    images = [
        ImageRecord(
            id=index + 1, file_name=f'{index}.dcm', width=1890, height=2457, num_slices=SLICES,
            patient_id=f'p{index // 4}', study_uid='s', view=VIEWS[index % 4], modality='DBT',
            labels={'malignant': int(index % 10 == 0), 'benign': 0},
        )
        for index in range(volumes)
    ]  # fmt: skip
    positive = np.arange(0, volumes, 10)
    boxes = np.column_stack([rng.uniform(0, 1500, (len(positive), 2)), rng.uniform(50, 200, (len(positive), 2))])
    findings = [
        FindingRecord(int(index) + 1, 'malignant', tuple(map(float, box)), 30, (25, 35))
        for index, box in zip(positive, boxes)
    ]
    rows = np.repeat(np.arange(volumes), predictions)
    found = np.column_stack([rng.uniform(0, 1500, (len(rows), 2)), rng.uniform(50, 200, (len(rows), 2))])
    first_row = positive * predictions
    for offset in range(min(2, predictions)):
        found[first_row + offset] = boxes + rng.uniform(-10, 10, boxes.shape)
    scores = rng.random(len(rows))
    scores[first_row] += rng.random(len(positive))
    keys = tuple(ImageKey(image.patient_id, image.study_uid, image.view_name) for image in images)
    slices = rng.integers(20, 40, len(rows)).astype(float)
    return Predictions(keys, rows, found, slices, np.ones(len(rows)), scores), AnnotationSet(images, findings)


def recall_by_loops(predictions: Predictions, annotations: AnnotationSet, fp_per_volume: float) -> float:
    """The protocol mm3d as one would write it down first: a loop over thresholds around one over images."""
    by_image: dict[int, list[tuple[float, list[float], float]]] = {}
    boxes, scores, slices = predictions.boxes_xywh.tolist(), predictions.scores.tolist(), predictions.slices.tolist()
    for image, box, score, where in zip(predictions.image_index.tolist(), boxes, scores, slices):
        by_image.setdefault(image, []).append((score, box, where))
    events, num_findings = [], 0
    for index, image in enumerate(annotations.images):
        findings = annotations.findings_of(image.id)
        num_findings += len(findings)
        taken: set[int] = set()
        for score, box, where in sorted(by_image.get(index, []), reverse=True):
            hits = [
                (overlap(box, finding.bbox_xywh), number)
                for number, finding in enumerate(findings)
                if finding.slice_range[0] <= where <= finding.slice_range[1]
            ]
            best = max((hit for hit in hits if hit[0] >= 0.25), default=None)
            if best is None:
                events.append((score, False))
            elif best[1] not in taken:
                taken.add(best[1])
                events.append((score, True))
    events.sort(reverse=True)
    found = false = 0
    for _, is_true in events:
        false += not is_true
        if false > fp_per_volume * len(annotations.images):
            break
        found += is_true
    return found / num_findings


def overlap(first: list[float], second: tuple[float, ...]) -> float:
    """Intersection over union of two boxes xywh."""
    width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    shared = max(width, 0) * max(height, 0)
    return shared / (first[2] * first[3] + second[2] * second[3] - shared)


def measure(volumes: int, predictions: int, replicates: int, with_loops: bool) -> dict[str, float]:
    """Seconds of scoring one data set, and of the loops where wanted."""
    found, truth = make_data(volumes, predictions, np.random.default_rng(0))
    start = time.perf_counter()
    result = evaluate_detections(found, truth, 'mm3d', bootstrap=replicates)
    row = {'volumes': volumes, 'predictions': len(found), 'seconds': time.perf_counter() - start}
    row['recall_at_0.5'] = result.numbers['R@0.5'].value
    row['standard_error'] = result.numbers['R@0.5'].standard_error
    row['peak_gib'] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    if with_loops:
        start = time.perf_counter()
        by_loops = recall_by_loops(found, truth, 0.5)
        row['seconds_of_loops'] = time.perf_counter() - start
        start = time.perf_counter()
        evaluate_detections(found, truth, 'mm3d')
        row['seconds_single'] = time.perf_counter() - start
        row['ratio_of_loops'] = row['seconds_of_loops'] / row['seconds_single']
        if by_loops != row['recall_at_0.5']:
            raise RuntimeError(f'loops and arrays disagree: {by_loops} and {row["recall_at_0.5"]}')
    return row


def main() -> None:
    """Prints a table and writes json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--volumes', type=int, nargs='+', default=[1000, 5000, 20000])
    parser.add_argument('--predictions', type=int, default=100, help='a volume (default: 100)')
    parser.add_argument('--replicates', type=int, default=1000, help='of the bootstrap (default: 1000)')
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    rows = []
    print(
        f'{"volumes":>8} {"predictions":>12} {"bootstrap":>10} {"peak GiB":>9} {"single":>8} {"loops":>8} {"ratio":>6}'
    )
    for volumes in sorted(args.volumes):
        row = measure(volumes, args.predictions, args.replicates, with_loops=volumes <= 5000)
        line = f'{volumes:>8} {row["predictions"]:>12} {row["seconds"]:>8.1f} s {row["peak_gib"]:>9.2f}'
        if 'ratio_of_loops' in row:
            line += f' {row["seconds_single"]:>6.2f} s {row["seconds_of_loops"]:>6.2f} s {row["ratio_of_loops"]:>5.1f}x'
        print(line)
        rows.append(row)
    if args.out:
        settings = {'predictions_a_volume': args.predictions, 'replicates': args.replicates}
        args.out.write_text(json.dumps({'settings': settings, 'rows': rows}, indent=1) + '\n')


if __name__ == '__main__':
    main()
