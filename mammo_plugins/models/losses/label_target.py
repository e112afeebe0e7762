"""One label that a classifier learns: its outputs, its loss and its probabilities.

Glossary: n images or cases, K outputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from mammo_plugins.structures.label_classes import class_numbers

from .average_factor import global_average_factor

UNKNOWN = -1


class LabelTarget:
    """A label that is there or not (one output), or one with classes (an output each).

    Args:
        name: as in ``gt_labels``: ``malignant``, ``abnormal``, ``density``, ``birads``, ``mass_birads``, or one of the
            annotation file's own.
        classes: in order, spelled as in the annotation file; one may join several values, such as ``A/B``. None for a
            label of 0 and 1. Samples of other values train nothing.
        weight: of its loss.
        class_weights: of the classes, or of 0 and 1; equal where None.

    Raises:
        ValueError: a class is unknown or overlaps another one, there are fewer than two, or not as many weights.
    """

    def __init__(
        self,
        name: str,
        classes: Sequence[str] | None = None,
        weight: float = 1.0,
        class_weights: Sequence[float] | None = None,
    ) -> None:
        self.name, self.weight = name, weight
        self.classes = None if classes is None else tuple(str(one) for one in classes)
        self._numbers = [(0.0,), (1.0,)] if self.classes is None else [class_numbers(name, c) for c in self.classes]
        flat = [number for numbers in self._numbers for number in numbers]
        if len(self._numbers) < 2 or len(set(flat)) < len(flat):
            raise ValueError(f'label {name} needs two classes or more that share no value, got {classes}')
        if class_weights is not None and len(class_weights) != len(self._numbers):
            raise ValueError(f'label {name} has {len(self._numbers)} classes, got the weights {list(class_weights)}')
        self.class_weights = None if class_weights is None else tuple(map(float, class_weights))

    @property
    def num_outputs(self) -> int:
        return 1 if self.classes is None else len(self.classes)

    def class_indices(self, values: Tensor) -> Tensor:
        """(n,) class of each value of ``gt_labels`` (n,), -1 for NaN and for values of no class."""
        indices = torch.full(values.shape, UNKNOWN, dtype=torch.long, device=values.device)
        for index, numbers in enumerate(self._numbers):
            indices[torch.isin(values, values.new_tensor(numbers))] = index
        return indices

    def loss(self, logits: Tensor, values: Tensor) -> Tensor:
        """Mean cross entropy over the known ones of all processes, 0 where there is none.

        Args:
            logits: (n, K).
            values: (n,) numbers of ``gt_labels``.
        """
        indices = self.class_indices(values)
        known = indices != UNKNOWN
        target = indices.clamp(min=0)
        if self.classes is None:
            losses = F.binary_cross_entropy_with_logits(logits[:, 0], target.to(logits.dtype), reduction='none')
        else:
            losses = F.cross_entropy(logits, target, reduction='none')
        if self.class_weights is not None:
            losses = losses * losses.new_tensor(self.class_weights)[target]
        average = global_average_factor(known.sum(), logits.device, f'label {self.name}')
        return self.weight * torch.where(known, losses, torch.zeros_like(losses)).sum() / average

    def probabilities(self, logits: Tensor) -> dict[str, float]:
        """Columns of one image or case from its logits (K,), see ``checked_labels``."""
        logits = logits.double()
        if self.classes is None:
            return {self.name: float(logits.sigmoid()[0])}
        return {f'{self.name}={name}': float(p) for name, p in zip(self.classes, logits.softmax(dim=0))}

    def not_predicted(self) -> dict[str, float]:
        """The same columns, empty."""
        names = [self.name] if self.classes is None else [f'{self.name}={name}' for name in self.classes]
        return dict.fromkeys(names, float('nan'))
