"""What B has learned of C in stage II: how alike their features are, and what C's own head finds in B's.

``python projects/sm_ffdm_fusion/mimic_quality.py STUDY --json projects/sm_ffdm_fusion/results/mimic_quality.json``

STUDY is the folder of ``mammo study sm_ffdm_fusion``. On the test pairs, for each stage II of each seed:

- ``cosine``: mean cosine of B's projected features and C's, a level;
- ``cosine_of_mean``: that of C's mean feature at each place of the grid and C's, which says nothing of the image;
- ``FAUC-1``: of C's head on B's projected features, brought to the mean norm of C's, which the cosine does not see;
- ``FAUC-1 of C on the SM``: of model C where it reads the SM.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.runner import Runner
from torch import Tensor
from torch.nn.functional import pad

from mammo_plugins.models.detectors import ModalityFusionDetector

NUMBER = 'center-hit/FAUC-1'


@MODELS.register_module()
class MimicReadByC(ModalityFusionDetector):
    """Stage II whose predictions are those of C's head on B's projected features; gathers features of both."""

    def extract_feat(self, batch_inputs: Tensor) -> tuple[Tensor, ...]:
        """Levels of B, projected, with the mean norm of C's."""
        features = self.backbone(self._images(batch_inputs))
        own = [self.projection(level) for level in features['mimic']]
        self.pairs.append((own, features['ffdm']))
        norms = [[level.norm(dim=1).mean() for level in levels] for levels in (own, features['ffdm'])]
        return tuple(level * theirs / ours for level, ours, theirs in zip(own, *norms))

    def predict(self, batch_inputs: Tensor, *args, **kwargs) -> list:
        """With C's head."""
        self.bbox_head = self.backbone.ffdm.bbox_head
        return super().predict(batch_inputs, *args, **kwargs)

    def cosines(self) -> dict[str, list[float]]:
        """Mean cosines a level, over all places of all images."""
        found = dict(cosine=[], cosine_of_mean=[])
        for own, other in zip(*(map(_on_one_grid, zip(*levels)) for levels in zip(*self.pairs))):
            mean = other.nanmean(dim=0, keepdim=True).expand_as(other)
            for name, guess in (('cosine', own), ('cosine_of_mean', mean)):
                found[name].append(round(torch.cosine_similarity(guess, other, dim=1).nanmean().item(), 4))
        return found


def _on_one_grid(levels: Sequence[Tensor]) -> Tensor:
    """A level of all images, NaN beyond the smaller ones."""
    height, width = (max(level.shape[axis] for level in levels) for axis in (-2, -1))
    whole = [pad(level, (0, width - level.shape[-1], 0, height - level.shape[-2]), value=torch.nan) for level in levels]
    return torch.cat(whole)


def make_runner(config: Path, checkpoint: Path, work_dir: str, detector: str | None) -> Runner:
    """Tests on the images of the SM, with the hits of the study."""
    cfg = Config.fromfile(config)
    if detector:
        cfg.model.detector.type = detector
    cfg.update(work_dir=work_dir, load_from=str(checkpoint), log_level='ERROR')
    cfg.test_evaluator.update(hit_pixels_of='FFDM', hit_radius_px=8)
    cfg.test_evaluator.pop('outfile', None)
    return Runner.from_cfg(cfg)


def measure(seed: Path, stage: str) -> dict[str, object]:
    """Numbers of one stage II of one seed."""
    checkpoint = Path((seed / 'work_dirs' / stage / 'last_checkpoint').read_text().strip())
    with tempfile.TemporaryDirectory() as work_dir:
        config = seed / 'work_dirs' / stage / f'{stage}.py'
        runner = make_runner(config, checkpoint, work_dir, 'MimicReadByC')
        runner.model.detector.pairs = []
        found = runner.test()[NUMBER]
    return {**runner.model.detector.cosines(), 'FAUC-1': round(found, 4)}


def measure_c_on_sm(seed: Path) -> float:
    """FAUC-1 of C where it reads the SM."""
    checkpoint = Path((seed / 'work_dirs/model_ffdm/last_checkpoint').read_text().strip())
    with tempfile.TemporaryDirectory() as work_dir:
        found = make_runner(seed / 'configs/test-model_sm.py', checkpoint, work_dir, None).test()[NUMBER]
    return round(found, 4)


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('study', type=Path, help='folder of the study')
    parser.add_argument('--json', type=Path, required=True, help='file to write')
    parser.add_argument(
        '--stages', nargs='+', default=['mimic', 'mimic_from_sm', 'mimic_lesion', 'mimic_pearson', 'mimic_random']
    )
    args = parser.parse_args()
    seeds = sorted(args.study.glob('seed*'))
    content = {
        'torch': torch.__version__,
        'machine': platform.machine(),
        'FAUC-1 of C on the SM': {seed.name: measure_c_on_sm(seed) for seed in seeds},
        'stages': {stage: {seed.name: measure(seed, stage) for seed in seeds} for stage in args.stages},
    }
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(content, indent=1) + '\n')
    print(json.dumps(content, indent=1))


if __name__ == '__main__':
    main()
