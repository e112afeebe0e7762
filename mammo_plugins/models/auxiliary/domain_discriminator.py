"""Features that do not tell which vendor an image is from.

Glossary: N images, D domains, C channels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from torch import Tensor, nn
from torch.nn import functional as F

from ..losses.average_factor import global_average_factor
from .auxiliary_tasks import AuxiliaryTask

_DOMAIN_OF = ('manufacturer', 'style')
_STRANGERS = 100


@MODELS.register_module()
class DomainDiscriminator(AuxiliaryTask):
    """Tells the domain of an image at every place of the last feature map, and trains the backbone to prevent it.

    The gradient that reaches the backbone is reversed and made smaller. Padding says nothing of a domain and does not
    count; neither do images of other domains.

    Source: Kim et al., Diversify and Match (CVPR 2019), section 3.3; there the domains are source, target and three
    shifted copies, here the vendors that are trained on, since a test of generalisation must not see its targets.

    Args:
        in_channels: C of the backbone's last map.
        domains: names of the D domains.
        domain_of: ``manufacturer``, or ``style``: what ``RandomStyle`` shows the image in.
        hidden_channels: width of the two hidden layers.
        reversal: factor of the reversed gradient.
        loss_weight: of the loss.

    Raises:
        ValueError: there are fewer than two domains, one comes twice, or ``domain_of`` is unknown.
    """

    def __init__(
        self,
        in_channels: int,
        domains: Sequence[str],
        domain_of: str = 'manufacturer',
        hidden_channels: int = 512,
        reversal: float = 0.1,
        loss_weight: float = 0.1,
    ) -> None:
        super().__init__()
        if len(domains) < 2 or len(set(domains)) < len(domains):
            raise ValueError(f'domains are two or more names, each once, got {list(domains)}')
        if domain_of not in _DOMAIN_OF:
            raise ValueError(f'domain_of is one of {", ".join(_DOMAIN_OF)}, got {domain_of!r}')
        self.domains, self.domain_of = tuple(domains), domain_of
        self.reversal, self.loss_weight = reversal, loss_weight
        self._strangers: int | None = 0
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, hidden_channels, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden_channels, hidden_channels, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden_channels, len(domains), 1),
        )

    def loss(
        self,
        backbone: Callable[[Tensor], Sequence[Tensor]],
        features: Sequence[Tensor],
        inputs: Tensor,
        views: Sequence[DetDataSample],
    ) -> dict[str, Tensor]:
        """``loss_domain``: mean over places of an image, then over the images of known domain of all processes.

        Raises:
            ValueError: no domain was met in the first 100 images.
        """
        logits = self.layers(reverse_gradient(features[-1], self.reversal))
        domains = torch.tensor([self._index(view) for view in views], device=logits.device)
        known = domains >= 0
        self._check_names(views, bool(known.any()))
        target = domains.clamp(min=0)[:, None, None].expand(-1, *logits.shape[-2:])
        entropy = F.cross_entropy(logits, target, reduction='none')
        places = image_places(views, inputs.shape[-2:], logits)
        of_images = (entropy * places).sum(dim=(1, 2)) / places.sum(dim=(1, 2))
        average = global_average_factor(known.sum(), logits.device, 'domains')
        return dict(loss_domain=self.loss_weight * (of_images * known).sum() / average)

    def _check_names(self, views: Sequence[DetDataSample], met: bool) -> None:
        """Names that no image has would train nothing, without a word."""
        self._strangers = None if met or self._strangers is None else self._strangers + len(views)
        if self._strangers is not None and self._strangers >= _STRANGERS:
            names = sorted({str(view.metainfo.get(self.domain_of)) for view in views})
            raise ValueError(
                f'none of {self._strangers} images is of the domains {", ".join(self.domains)}: their {self.domain_of} '
                f'is {", ".join(names)}'
            )

    def _index(self, view: DetDataSample) -> int:
        """Position of the domain of an image, -1 for another one."""
        name = view.metainfo.get(self.domain_of)
        return self.domains.index(name) if name in self.domains else -1


def image_places(views: Sequence[DetDataSample], input_size: Sequence[int], feature_map: Tensor) -> Tensor:
    """(N, H, W) 1 at the places of a feature map (N, C, H, W) that begin inside their image, 0 in its padding."""
    height, width = feature_map.shape[-2:]
    places = feature_map.new_zeros(len(views), height, width)
    for place, view in zip(places, views):
        rows, columns = (-(-side * n // size) for side, n, size in zip(view.img_shape, (height, width), input_size))
        place[: max(rows, 1), : max(columns, 1)] = 1
    return places


def reverse_gradient(features: Tensor, factor: float) -> Tensor:
    """The features; their gradient is ``-factor`` times what it would be."""
    return _ReversedGradient.apply(features, factor)


class _ReversedGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return features.view_as(features)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return -ctx.factor * gradient, None
