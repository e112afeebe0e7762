"""Translation between two vendors' styles, learned from images that are no pairs.

Glossary: N images of each style in a batch; what has ``first`` in its name is of the first style.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mmdet.registry import MODELS
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.nn import functional as F

from .image_pool import ImagePool


@MODELS.register_module()
class CycleGAN(BaseModel):
    """Two generators, ``to_second`` and ``to_first``, and a discriminator of each style.

    A step trains both generators against discriminators that stand still, then both discriminators on real images and
    on images of the pool:

    - generators: least squares of the discriminators' scores to 1, ``cycle_weight`` times the L1 distance of an image
      from its translation there and back, and ``identity_weight`` times that again of an image from its translation
      into the style that it has;
    - discriminators: half the least squares to 1 on real and to 0 on made images.

    The step wants two optimisers, ``generators`` and ``discriminators``, see
    :class:`~mammo_plugins.engine.optim.ModuleOptimConstructor`, and
    :class:`~mammo_plugins.engine.optim.OwnStepDataParallel` where there are several processes.

    Source: Zhu et al. 2017, section 3 and 4; MSVCL v2, section III.B.1.

    Args:
        generator: config of both generators.
        discriminator: config of both discriminators.
        cycle_weight: of the distance there and back.
        use_cycle: whether that distance counts; without it ``cycle_weight`` only scales the identity's, as Kim et al.
            (Diversify and Match, 2019) have it for their shift that keeps colours.
        identity_weight: of the distance to the own style, as a share of ``cycle_weight``; 0 leaves it out.
        pool_size: made images of each style that discriminators may see again.
        data_preprocessor: config; ``StylePairPreprocessor`` gives what is needed.
        init_cfg: as for every model of mmengine.
    """

    def __init__(
        self,
        generator: dict,
        discriminator: dict,
        cycle_weight: float = 10.0,
        identity_weight: float = 0.5,
        use_cycle: bool = True,
        pool_size: int = 50,
        data_preprocessor: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(MODELS.build(data_preprocessor or dict(type='StylePairPreprocessor')), init_cfg)
        self.to_second, self.to_first = MODELS.build(generator), MODELS.build(generator)
        self.of_first, self.of_second = MODELS.build(discriminator), MODELS.build(discriminator)
        self.cycle_weight, self.identity_weight, self.use_cycle = cycle_weight, identity_weight, use_cycle
        self.pool_of_first, self.pool_of_second = ImagePool(pool_size, seed=1), ImagePool(pool_size, seed=2)

    def forward(self, inputs: tuple[Tensor, Tensor], data_samples: Any = None, mode: str = 'tensor') -> Any:
        """Each style's images (N, C, H, W) in the other style: those of the first in the second, and the reverse.

        Raises:
            ValueError: another mode: losses have steps of their own.
        """
        if mode != 'tensor':
            raise ValueError(f'CycleGAN has the mode tensor, got {mode!r}: it trains by its own train_step')
        first, second = inputs
        return self.to_second(first), self.to_first(second)

    def train_step(self, data: Mapping[str, Any], optim_wrapper: Mapping[str, OptimWrapper]) -> dict[str, Tensor]:
        """One step of all four networks.

        Args:
            data: a batch as the data loader gives it.
            optim_wrapper: with ``generators`` and ``discriminators``.

        Returns:
            The losses, and ``loss``, the sum of those of the generators.
        """
        of_generators, of_discriminators = optim_wrapper['generators'], optim_wrapper['discriminators']
        first, second = self.data_preprocessor(data, training=True)['inputs']
        with _frozen(self.of_first, self.of_second), of_generators.optim_context(self):
            losses, made_first, made_second = self._generator_losses(first, second)
        total = sum(losses.values())
        of_generators.update_params(total)
        with of_discriminators.optim_context(self):
            judged = {
                'loss_of_first': _judging_loss(self.of_first, first, self.pool_of_first.exchange(made_first)),
                'loss_of_second': _judging_loss(self.of_second, second, self.pool_of_second.exchange(made_second)),
            }
        of_discriminators.update_params(sum(judged.values()))
        return {name: value.detach() for name, value in {'loss': total, **losses, **judged}.items()}

    def _generator_losses(self, first: Tensor, second: Tensor) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """Losses of the generators, weighted, and the images of each style that they made."""
        made_second, made_first = self.to_second(first), self.to_first(second)
        losses = {
            'loss_adversarial': _to_value(self.of_first(made_first), 1) + _to_value(self.of_second(made_second), 1)
        }
        if self.use_cycle:
            cycle = F.l1_loss(self.to_first(made_second), first) + F.l1_loss(self.to_second(made_first), second)
            losses['loss_cycle'] = self.cycle_weight * cycle
        if self.identity_weight > 0:
            kept = F.l1_loss(self.to_first(first), first) + F.l1_loss(self.to_second(second), second)
            losses['loss_identity'] = self.identity_weight * self.cycle_weight * kept
        return losses, made_first, made_second


def _to_value(scores: Tensor, value: float) -> Tensor:
    return (scores - value).square().mean()


def _judging_loss(discriminator: nn.Module, real: Tensor, made: Tensor) -> Tensor:
    return (_to_value(discriminator(real), 1) + _to_value(discriminator(made), 0)) / 2


@contextmanager
def _frozen(*modules: nn.Module) -> Iterator[None]:
    """Passes gradients through modules, whose own are not computed."""
    thawed = [parameter for module in modules for parameter in module.parameters() if parameter.requires_grad]
    for parameter in thawed:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in thawed:
            parameter.requires_grad_(True)
