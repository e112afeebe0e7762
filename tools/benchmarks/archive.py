"""Predicting an archive: memory over its length, a kill in between, and images a second beside the model alone.

    python tools/benchmarks/archive.py --studies 10000 --out tools/benchmarks/results/archive.json

Studies of two small FFDM each are written with ids of their own. ``mammo predict`` runs on them, is killed (SIGKILL)
when half of them are done, and goes on with ``--resume``; its memory is sampled all the while. Then the studies of
a small folder are predicted by the command's predictor and by the bare model on the same loaded images, in turn.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian
from rounds import median_ratio, median_seconds, time_rounds

from mammo_plugins.apis.found_images import find_images
from mammo_plugins.apis.inference import build_detector, build_test_dataset
from mammo_plugins.apis.model_bundle.choice import choose_model
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.apis.predict.study_index import StudyIndex, build_index
from mammo_plugins.apis.predict.study_parts import StudyParts
from mammo_plugins.apis.predict.study_prediction import PredictorSettings, StudyPredictor
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.datasets.case_collate import collate_cases
from mammo_plugins.io import read_header
from mammo_plugins.io.coco_volume import write_annotations

_ROOT_UID = '1.2.826.0.1.3680043.8.498.77'


def write_archive(folder: Path, studies: int, seed: int) -> None:
    """Copies of the CC and MLO of one phantom breast, each study with its own ids and a few pixels of its own."""
    with TemporaryDirectory() as scratch:
        make_phantoms(Path(scratch) / 'phantoms', cases=1, seed=seed, size='128x96x8')
        breast = _one_breast(Path(scratch) / 'phantoms')
        for number in range(1, studies + 1):
            for view, (dataset, pixels) in enumerate(breast):
                _write_copy(folder / f'{number % 100:02d}' / f'{number}' / f'{view}.dcm', dataset, pixels, number, view)


def _one_breast(folder: Path) -> list[tuple[Dataset, np.ndarray]]:
    found = {}
    for path in sorted(folder.rglob('*.dcm')):
        header = read_header(path)
        if header.modality == 'FFDM' and header.view is not None and str(header.view) in ('L-CC', 'L-MLO'):
            dataset = dcmread(path)
            found[str(header.view)] = (dataset, dataset.pixel_array.copy())
    return list(found.values())


def _write_copy(path: Path, dataset: Dataset, pixels: np.ndarray, number: int, view: int) -> None:
    dataset.PatientID, dataset.StudyInstanceUID = f'A{number}', f'{_ROOT_UID}.{number}'
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f'{_ROOT_UID}.{number}.{view + 1}'
    pixels[0, :4] = [number % 10, number // 10 % 10, number // 100 % 10, number // 1000]
    dataset.PixelData = pixels.tobytes()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path)


def run_with_a_kill(archive: Path, out: Path, model: str, studies: int) -> dict[str, object]:
    """What the command takes, and what it leaves."""
    begun = time.perf_counter()
    killed_at, first = _run(archive, out, model, studies // 2, [])
    _, second = _run(archive, out, model, None, ['--resume'])
    parts = StudyParts(out)
    records = list(parts.records(StudyIndex(parts.index_path).num_studies))
    rows = Counter(case['name'] for record in records for case in record.cases)
    return {
        'killed_after_studies': killed_at,
        'seconds': round(time.perf_counter() - begun, 1),
        'studies_lost': studies - len(rows),
        'studies_repeated': sum(count > 1 for count in rows.values()),
        'first_run': first,
        'second_run': second,
    }


def _run(archive: Path, out: Path, model: str, kill_after: int | None, options: list[str]) -> tuple[int, dict]:
    words = ['-m', 'mammo_plugins.commands.main', 'predict', archive, '--model', model, '--out', out, '--device', 'cpu']
    with (out.parent / 'log.txt').open('a') as log:
        process = subprocess.Popen([sys.executable, *map(str, words), *options], stdout=log, stderr=log)
        samples: list[tuple[int, float]] = []
        while process.poll() is None:
            done = sum(1 for _ in out.glob('studies/*/record.json'))
            samples.append((done, _memory_mib(process.pid)))
            if kill_after is not None and done >= kill_after:
                process.send_signal(signal.SIGKILL)
                process.wait()
            time.sleep(1)
    if kill_after is None and process.returncode:
        raise RuntimeError(f'mammo predict ended with {process.returncode}: see {out.parent / "log.txt"}')
    return samples[-1][0], _summary(samples)


def _memory_mib(pid: int) -> float:
    try:
        return psutil.Process(pid).memory_info().rss / 2**20
    except psutil.Error:
        return 0.0


def _summary(samples: list[tuple[int, float]]) -> dict[str, float]:
    """Largest memory in the first and the last fifth of the studies that a run predicts."""
    begin, end = min(done for done, _ in samples), max(done for done, _ in samples)
    working = [(done, mib) for done, mib in samples if begin < done < end]
    fifth = (end - begin) / 5
    early = [mib for done, mib in working if done <= begin + fifth]
    late = [mib for done, mib in working if done >= end - fifth]
    return {
        'studies': end - begin,
        'mib_first_fifth': round(max(early, default=0.0)),
        'mib_last_fifth': round(max(late, default=0.0)),
        'mib_peak': round(max(mib for _, mib in samples)),
    }


def compare_with_model(archive: Path, model: str, repeats: int) -> dict[str, object]:
    """Images a second of the predictor, from files to tables and pages, and of the model on loaded images."""
    choice = choose_model(model)
    with TemporaryDirectory() as scratch:
        out = Path(scratch)
        found = find_images(archive)
        write_annotations(out / 'images.json', found.annotations)
        cfg = load_run_config(choice.config, work_dir=out)
        detector = build_detector(cfg, choice.checkpoint, 'cpu')
        dataset = build_test_dataset(
            cfg, ann_file=str(out / 'images.json'), data_root='', split=None, modality=None, cache_in_memory=False
        )
        batches = [collate_cases([dataset[index]]) for index in range(len(dataset))]
        parts = StudyParts(out)
        build_index(parts.index_path, archive)
        index = StudyIndex(parts.index_path)
        settings = PredictorSettings(str(choice.config), str(choice.checkpoint), str(out), str(archive), 'cpu')
        predictor = StudyPredictor(settings)

        def command() -> int:
            studies = (index.study(number) for number in range(1, index.num_studies + 1))
            return sum(record.num_images for record in predictor.predict(studies))

        def forward() -> int:
            return sum(len(detector.test_step(batch)) for batch in batches)

        command()  # builds the model
        rounds = time_rounds({'command': command, 'forward': forward}, repeats)
    seconds, images = median_seconds(rounds), len(found.annotations.images)
    return {
        'images': images,
        'images_per_second': {name: round(images / value, 2) for name, value in seconds.items()},
        'ratio': round(median_ratio(rounds, 'command', 'forward'), 2),
    }


def main() -> None:
    """Prints what was measured, and writes json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--studies', type=int, default=10_000)
    parser.add_argument('--compared', type=int, default=20, help='studies of the second part')
    parser.add_argument('--model', default='mm3d-phantoms')
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--out', type=Path, required=True)
    args = parser.parse_args()
    with TemporaryDirectory() as scratch:
        root = Path(scratch)
        write_archive(root / 'archive', args.studies, args.seed)
        write_archive(root / 'compared', args.compared, args.seed)
        content = {
            'studies': args.studies,
            'images': 2 * args.studies,
            'model': args.model,
            'torch': version('torch'),
            **run_with_a_kill(root / 'archive', root / 'found', args.model, args.studies),
            'beside_the_model': compare_with_model(root / 'compared', args.model, args.repeats),
        }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(content, indent=1) + '\n')
    print(json.dumps(content, indent=1))


if __name__ == '__main__':
    main()
