"""EfficientDet against the package effdet with the same weights, and the fused detector against plain EfficientDet.

    python tools/benchmarks/efficientdet.py --out projects/sm_ffdm_fusion/results/efficientdet.json

A training step is forward, losses and backward on images with findings; inference is forward, decoding and
suppression. All run in turn in one process on the same numbers; a ratio is the median over the rounds of the quotient
within a round. The last lines are the ratios: training and inference over effdet's, and stage III of SM/FFDM fusion
over training one EfficientDet (its lower limit is what B's forward pass adds).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import effdet
import torch
from effdet.bench import DetBenchPredict, DetBenchTrain
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from rounds import median_ratio, median_seconds, time_rounds
from torch import Tensor

import mammo_plugins.registration  # noqa: F401  before anything imports mmdet
from mammo_plugins.apis.convert.effdet_names import rename_effdet

from mmdet.registry import MODELS  # isort: skip
from mmdet.structures import DetDataSample  # isort: skip

NUM_CLASSES = 1
NUM_FINDINGS = 3


def build_theirs(compound: str, size: int) -> torch.nn.Module:
    """effdet's detector with random weights."""
    config = effdet.get_efficientdet_config(f'tf_efficientdet_{compound}')
    config.num_classes, config.image_size, config.backbone_args = NUM_CLASSES, (size, size), dict(drop_path_rate=0.0)
    config.aspect_ratios = [1.0, 2.0, 0.5]
    anchors = 9 * sum((size // stride) ** 2 for stride in (8, 16, 32, 64, 128))
    config.max_detection_points = min(config.max_detection_points, anchors)  # more than there are is an error
    return effdet.EfficientDet(config, pretrained_backbone=False)


def build_ours(kind: str, compound: str, **fields: object) -> torch.nn.Module:
    """A detector of ours."""
    init_default_scope('mmdet')
    detector = dict(compound=compound, variant='tf', num_classes=NUM_CLASSES)
    arguments = detector if kind == 'EfficientDet' else dict(efficientdet=detector, **fields)
    return MODELS.build(dict(type=kind, **arguments))


def make_samples(batch: int, size: int) -> list[DetDataSample]:
    """Images with findings."""
    draw = torch.Generator().manual_seed(0)
    shape = (size, size)
    samples = []
    for index in range(batch):
        corner = torch.rand(NUM_FINDINGS, 2, generator=draw) * 0.7 * size
        boxes = torch.cat([corner, corner + size * (0.05 + 0.2 * torch.rand(NUM_FINDINGS, 2, generator=draw))], 1)
        sample = DetDataSample(
            metainfo=dict(
                img_id=index, img_shape=shape, ori_shape=shape, pad_shape=shape, batch_input_shape=shape,
                scale_factor=(1.0, 1.0),
            )
        )  # fmt: skip
        sample.gt_instances = InstanceData(bboxes=boxes, labels=torch.zeros(NUM_FINDINGS, dtype=torch.long))
        samples.append(sample)
    return samples


def effdet_targets(samples: list[DetDataSample]) -> dict[str, list[Tensor]]:
    """The same findings as effdet wants them: y before x, labels from 1."""
    return dict(
        bbox=[sample.gt_instances.bboxes[:, [1, 0, 3, 2]] for sample in samples],
        cls=[sample.gt_instances.labels + 1 for sample in samples],
    )


def total(losses: dict) -> Tensor:
    """The sum of mmdet's losses."""
    return sum(sum(value) if isinstance(value, list) else value for value in losses.values())


def make_runs(compound: str, batch: int, size: int) -> dict[str, Callable[[], object]]:
    """What is timed, by name."""
    torch.manual_seed(0)
    theirs, ours = build_theirs(compound, size), build_ours('EfficientDet', compound)
    ours.load_state_dict(rename_effdet(theirs.state_dict()))
    fused = build_ours('ModalityFusionDetector', compound, stage='fuse')
    images, samples = torch.randn(batch, 3, size, size), make_samples(batch, size)
    targets = effdet_targets(samples)
    train_theirs, predict_theirs = DetBenchTrain(theirs), DetBenchPredict(theirs)

    def trains(detector: torch.nn.Module) -> Callable[[], object]:
        return lambda: total(detector.train().loss(images, samples)).backward()

    @torch.no_grad()
    def predict() -> object:
        return ours.eval().predict(images, samples, rescale=False)

    @torch.no_grad()
    def predict_effdet() -> object:
        return predict_theirs.eval()(images)

    return {
        'effdet_training': lambda: train_theirs.train()(images, targets)['loss'].backward(),
        'training': trains(ours),
        'fused_training': trains(fused),
        'effdet_inference': predict_effdet,
        'inference': predict,
    }


RATIOS = {
    'training': ('training', 'effdet_training'),
    'inference': ('inference', 'effdet_inference'),
    'stage III': ('fused_training', 'training'),
}


def measure(runs: dict[str, Callable[[], object]], repeats: int) -> tuple[dict[str, float], dict[str, float]]:
    """Median seconds of each, and the ratios."""
    rounds = time_rounds(runs, repeats)
    return median_seconds(rounds), {name: median_ratio(rounds, *pair) for name, pair in RATIOS.items()}


def main() -> None:
    """Prints a table and writes json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--compound', default='d0')
    parser.add_argument('--batch', type=int, default=2)
    parser.add_argument('--size', type=int, default=512, help='side of the square images, a multiple of 128')
    parser.add_argument('--repeats', type=int, default=9)
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    seconds, ratios = measure(make_runs(args.compound, args.batch, args.size), args.repeats)
    for name, value in seconds.items():
        print(f'{name:>18} {value:.3f} s')
    for name, value in ratios.items():
        print(f'{name} {value:.2f}x')
    if args.out:
        about = {
            'compound': args.compound,
            'batch': args.batch,
            'size': args.size,
            'torch': torch.__version__,
            'effdet': version('effdet'),
            'threads': torch.get_num_threads(),
        }
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps({**about, 'seconds': seconds, 'ratios': ratios}, indent=1) + '\n')


if __name__ == '__main__':
    main()
