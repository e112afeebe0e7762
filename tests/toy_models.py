"""Models, data and metrics of a few numbers, for tests of what surrounds a training."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import torch
from mmdet.registry import DATASETS, HOOKS, METRICS, MODELS
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from torch import nn
from torch.utils.data import Dataset

FILE = 'tests.toy_models'


@DATASETS.register_module()
class ToyNumbers(Dataset):
    """Pairs of four numbers and their sum; the same for every process."""

    def __init__(self, size: int = 16, ann_file: str = '', data_root: str = '') -> None:
        self.values = torch.randn(size, 4, generator=torch.Generator().manual_seed(0))

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {'inputs': self.values[index], 'target': self.values[index].sum()}


@MODELS.register_module()
class ToyRegressor(BaseModel):
    """One linear layer, and a teacher whose weights may come from elsewhere."""

    def __init__(self, teacher: dict | None = None) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 1)
        if teacher and teacher.get('checkpoint'):
            self.teacher = torch.load(teacher['checkpoint'], weights_only=False)['state_dict']['linear.weight']

    def forward(self, inputs, target, mode='tensor'):
        predicted = self.linear(inputs).squeeze(-1)
        return {'loss': (predicted - target).square().mean()} if mode == 'loss' else list(predicted)


@METRICS.register_module()
class ToyError(BaseMetric):
    """Mean absolute prediction."""

    def process(self, data_batch, data_samples) -> None:
        self.results += [float(value.abs()) for value in data_samples]

    def compute_metrics(self, results) -> dict[str, float]:
        return {'mean': sum(results) / len(results)}


@HOOKS.register_module()
class KillOnce(Hook):
    """Ends the process as ``kill -9`` does, the first time that a step is reached."""

    def __init__(self, step: int, note: str) -> None:
        self.step, self.note = step, Path(note)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if runner.iter + 1 == self.step and not self.note.exists():
            self.note.touch()
            os.kill(os.getpid(), signal.SIGKILL)


@MODELS.register_module()
class ToyGan(BaseModel):
    """A generator that must fool a discriminator; each has an optimiser, and the step has three backward passes.

    Args:
        frozen: whether the discriminator's first layer is.
    """

    def __init__(self, frozen: bool = False) -> None:
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4))
        self.discriminator = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
        if frozen:
            self.discriminator[0].requires_grad_(False)

    def forward(self, inputs, target=None, mode='tensor'):
        return self.generator(inputs)

    def train_step(self, data, optim_wrapper):
        """The generator's step, then the discriminator's with a backward pass each for real and fake."""
        real = data['inputs']
        of_generator, of_discriminator = optim_wrapper['generator'], optim_wrapper['discriminator']
        fake = self.generator(real)
        loss = nn.functional.softplus(-self.discriminator(fake)).mean() + (fake - real).square().mean()
        of_generator.update_params(loss)
        of_discriminator.zero_grad()  # what the generator's loss left there
        of_discriminator.backward(nn.functional.softplus(-self.discriminator(real)).mean())
        of_discriminator.backward(nn.functional.softplus(self.discriminator(fake.detach())).mean())
        of_discriminator.step()
        of_discriminator.zero_grad()
        return {'loss': loss.detach()}
