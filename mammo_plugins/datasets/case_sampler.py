"""Drawing malignant and other cases at a set ratio, so that lesion-free ones train too but do not swamp the rest."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from mmdet.registry import DATA_SAMPLERS
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from .case_dataset import CaseDataset
from .case_draw import CaseDraw

_BLOCK = 8  # draws in which malignant and other breasts are shuffled


@DATA_SAMPLERS.register_module()
class BalancedCaseSampler(Sampler):
    """An endless, seeded stream of draws with a set share of positive cases, whatever a case is.

    Positive cases and all others (negative, or unknown) are two decks; malignant ones are positive, or those that have
    another label. Each deck is dealt whole before it is
    shuffled and dealt again, so no case is ever left out. The share holds in every block of eight draws as closely as
    whole numbers allow; within a block the order is random, so that no rank gets one kind only.

    The stream is the same for any number of ranks: rank r of w takes draws r, r + w, r + 2w, ..., so the batches of b
    cases of w ranks are together the batch of w x b cases of one process. A draw carries the seed of its random
    transforms (:class:`~mammo_plugins.datasets.case_draw.CaseDraw`).

    With ``epoch_length=None`` the stream has no end, for ``IterBasedTrainLoop``, which resumes it exactly by
    :meth:`skip`. With a length, epoch e is the e-th stretch of the stream, for ``EpochBasedTrainLoop``, which resumes
    it exactly by :meth:`set_epoch`.

    Args:
        dataset: the cases.
        positive_fraction: share of positive cases; None deals both decks as one, at the ratio of the data.
        epoch_length: draws of an epoch over all ranks, rounded up to a multiple of the ranks; None for no end.
        seed: of the stream; the same for all ranks. None draws one and shares it.
        label: which label of 1 makes a case positive; ``malignant``, or one of the data set's ``labels``.

    Raises:
        ValueError: the share is outside [0, 1], or a deck that it needs is empty.
    """

    def __init__(
        self,
        dataset: CaseDataset,
        positive_fraction: float | None = 0.5,
        epoch_length: int | None = None,
        seed: int | None = None,
        label: str = 'malignant',
    ) -> None:
        if positive_fraction is not None and not 0 <= positive_fraction <= 1:
            raise ValueError(f'positive_fraction lies in [0, 1] or is None, got {positive_fraction}')
        if epoch_length is not None and epoch_length < 1:
            raise ValueError(f'epoch_length must be at least 1 or None, got {epoch_length}')
        self.rank, self.world_size = get_dist_info()
        self.dataset = dataset
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch_length = epoch_length
        self.label = label
        is_positive = (dataset.malignancy_labels() if label == 'malignant' else dataset.case_labels(label)) == 1
        if positive_fraction is None:
            is_positive, positive_fraction = np.zeros(len(is_positive), dtype=bool), 0.0
        self.positive_fraction = positive_fraction
        self._decks = (np.flatnonzero(~is_positive), np.flatnonzero(is_positive))
        self._check_decks()
        self._start = 0  # first own draw, counted over this rank
        self._shuffled = lru_cache(maxsize=4)(self._shuffle)

    def __iter__(self) -> Iterator[CaseDraw]:
        count = self._start
        while self.epoch_length is None or count < self._start + len(self):
            yield self.draw(self.rank + count * self.world_size)
            count += 1

    def __len__(self) -> int:
        """Draws of this rank in an epoch; where there is no end, as many as it takes to go once through the data."""
        return -(-(self.epoch_length or len(self.dataset)) // self.world_size)

    def skip(self, num_samples: int) -> None:
        """Starts after the first ``num_samples`` draws of this rank; mmengine calls it when training resumes.

        Raises:
            ValueError: the number is negative, or the stream is cut into epochs.
        """
        if num_samples < 0 or self.epoch_length is not None:
            raise ValueError(
                f'cannot skip {num_samples} draws with epoch_length={self.epoch_length}: '
                'iteration-based training needs epoch_length=None'
            )
        self._start = num_samples

    def set_epoch(self, epoch: int) -> None:
        """Goes to the start of an epoch; without effect where the stream has no end."""
        if self.epoch_length is not None:
            self._start = epoch * len(self)

    def draw(self, position: int) -> CaseDraw:
        """The draw at a position of the stream, counted over all ranks."""
        block, offset = divmod(position, _BLOCK)
        kinds = self._kinds(block)
        kind = int(kinds[offset])
        dealt_before = self._positives_before(block * _BLOCK)
        if kind == 0:
            dealt_before = block * _BLOCK - dealt_before
        deck = self._decks[kind]
        deal, card = divmod(dealt_before + int((kinds[:offset] == kind).sum()), len(deck))
        return CaseDraw(int(deck[self._shuffled(kind, deal, len(deck))[card]]), self.seed, position)

    def _positives_before(self, position: int) -> int:
        return int(np.floor(position * self.positive_fraction + 0.5))

    def _kinds(self, block: int) -> np.ndarray:
        positives = self._positives_before((block + 1) * _BLOCK) - self._positives_before(block * _BLOCK)
        kinds = np.arange(_BLOCK) < positives
        return kinds[self._shuffled(2, block, _BLOCK)]

    def _shuffle(self, stream: int, number: int, length: int) -> np.ndarray:
        sequence = np.random.SeedSequence(self.seed, spawn_key=(stream, number))
        return np.random.default_rng(sequence).permutation(length)

    def _check_decks(self) -> None:
        others, positive = map(len, self._decks)
        if (self.positive_fraction > 0 and not positive) or (self.positive_fraction < 1 and not others):
            raise ValueError(
                f'positive_fraction={self.positive_fraction} cannot be met with {positive} {self.label} and {others} '
                'other cases: set it to None to take the data as they are, or check the split and the labels'
            )
