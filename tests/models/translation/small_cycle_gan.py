"""A small CycleGAN in double precision, its optimisers and its images, in one or more processes."""

from __future__ import annotations

from datetime import timedelta

import torch
import torch.distributed
from mmdet.registry import MODELS
from mmengine.optim import build_optim_wrapper
from torch import nn

from mammo_plugins.apis.run_config import leave_process_group
from mammo_plugins.registration import engine

RATE, BETAS = 2e-4, (0.5, 0.999)


class Passing(nn.Module):
    def forward(self, data, training=False):
        return data


def small_model(**changes):
    torch.manual_seed(0)
    cfg = dict(
        type='mmdet.CycleGAN',
        generator=dict(type='mmdet.ResNetGenerator', width=2, blocks=1),
        discriminator=dict(type='mmdet.PatchDiscriminator', width=2, num_layers=2),
        data_preprocessor=dict(type='mmdet.StylePairPreprocessor'),
    )
    return MODELS.build({**cfg, **changes})


def wrappers(model):
    adam = dict(type='Adam', lr=RATE, betas=BETAS)
    return build_optim_wrapper(
        model,
        dict(
            constructor='ModuleOptimConstructor',
            generators=dict(modules=['to_second', 'to_first'], optimizer=adam),
            discriminators=dict(modules=['of_first', 'of_second'], optimizer=adam),
        ),
    )


def batch(step: int = 0, count: int = 1):
    """Images of two styles, in double precision and as the networks see them."""
    images = torch.rand(2, count, 1, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(step))
    return dict(inputs=tuple(images * 2 - 1))


def in_double(model):
    model = model.double()
    model.data_preprocessor = Passing()
    return model


def train_in_doubles(rank: int, processes: int, folder: str, steps: int = 8) -> None:
    """Four images of each style a step, shared out to the processes; a pool that is full after the first step."""
    if processes > 1:
        store = f'file://{folder}/store'
        torch.distributed.init_process_group(
            'gloo', init_method=store, rank=rank, world_size=processes, timeout=timedelta(minutes=3)
        )
    model = in_double(small_model(pool_size=3))
    optimisers = wrappers(model)
    trained = engine.OwnStepDataParallel(model) if processes > 1 else model
    for step in range(steps):
        images = batch(step, count=4)['inputs']
        trained.train_step(dict(inputs=tuple(style[rank::processes] for style in images)), optimisers)
    if rank == 0:
        torch.save(model.state_dict(), f'{folder}/{processes}.pt')
    leave_process_group()


def train_second(folder: str) -> None:
    """The second of two processes."""
    train_in_doubles(1, 2, folder)
