"""The best checkpoint goes by the first number that validation gives, also after a stop."""

from __future__ import annotations

import math
import uuid
from pathlib import Path

import pytest
from mmdet.registry import METRICS
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.runner import Runner

from tests.apis.stages.conftest import CONFIG

pytestmark = pytest.mark.slow  # it trains
DICE, AUC = 'saliency/malignant/soft_dice', 'view/malignant/auc'


@METRICS.register_module()
class ToySchedule(BaseMetric):
    """Numbers by the place of the validation in the run."""

    def __init__(self, numbers: dict[str, list[float]], done: int = 0) -> None:
        super().__init__()
        self.numbers, self.place = numbers, done

    def process(self, data_batch, data_samples) -> None:
        self.results.append(0)

    def compute_metrics(self, results) -> dict[str, float]:
        self.place += 1
        return {name: values[self.place - 1] for name, values in self.numbers.items()}


def run(folder: Path, numbers, steps=3, resume=False, done=0, **hook) -> list[str]:
    """Trains with a validation a step; gives the names of the best checkpoints."""
    cfg = Config.fromstring(CONFIG, '.py')
    cfg.merge_from_dict(
        {
            'work_dir': str(folder),
            'val_dataloader': cfg.test_dataloader,
            'val_evaluator': dict(type='ToySchedule', numbers=numbers, done=done),
            'val_cfg': dict(),
            'train_cfg': dict(type='IterBasedTrainLoop', max_iters=steps, val_interval=1),
            'default_hooks.checkpoint': dict(
                type='PreferredCheckpointHook', preferred=[DICE, AUC], by_epoch=False, interval=1, **hook
            ),
            'resume': resume,
            'experiment_name': uuid.uuid4().hex,  # mmengine shares what runs of one name log within a second
        }
    )
    Runner.from_cfg(cfg).train()
    return sorted(path.name for path in folder.glob('best_*'))


@pytest.mark.parametrize(
    ('numbers', 'expected'),
    [
        ({DICE: [0.1, 0.3, 0.2], AUC: [0.9, 0.5, 0.6]}, 'best_saliency_malignant_soft_dice_iter_2.pth'),
        ({DICE: [math.nan] * 3, AUC: [0.5, 0.6, 0.9]}, 'best_view_malignant_auc_iter_3.pth'),
        ({AUC: [0.9, math.nan, 0.6]}, 'best_view_malignant_auc_iter_1.pth'),
    ],
)
def test_first_number_that_is_given_decides(tmp_path, numbers, expected):
    assert run(tmp_path / 'run', numbers) == [expected]


def test_resumed_run_goes_on_by_the_number_of_the_first_validation(tmp_path):
    # After the stop there would be a Dice too; the best AUC so far stays to be beaten.
    assert run(tmp_path, {AUC: [0.7]}, steps=1) == ['best_view_malignant_auc_iter_1.pth']
    numbers = {DICE: [0.1, 0.5, 0.1], AUC: [0.7, 0.6, 0.8]}
    assert run(tmp_path, numbers, steps=3, resume=True, done=1) == ['best_view_malignant_auc_iter_3.pth']


def test_named_number_is_taken_in_place_of_the_preferred_ones(tmp_path):
    numbers = {DICE: [0.1, 0.3, 0.2], 'loss': [3.0, 4.0, 2.0]}
    assert run(tmp_path, numbers, save_best='loss', rule='less') == ['best_loss_iter_3.pth']


def test_validation_without_any_of_the_numbers_ends_with_what_it_gives(tmp_path):
    with pytest.raises(ValueError, match=r'goes by saliency/.*soft_dice or view/.*auc, .* it gives pxap; name one'):
        run(tmp_path, {'pxap': [0.5], DICE: [math.nan]}, steps=1)
