"""Drawing cases with findings and others at a set ratio, so that lesion-free ones train but do not swamp the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from mmdet.registry import DATA_SAMPLERS
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from .case_dataset import CaseDataset
from .case_draw import CaseDraw

_BLOCK = 8  # draws in which malignant and other breasts are shuffled
_UNITS = ('case', 'exam')


@DATA_SAMPLERS.register_module()
class BalancedCaseSampler(Sampler):
    """An endless, seeded stream of draws with a set share of positive cases, whatever a case is.

    Positive cases and all others (negative, or unknown) are two decks. Malignant ones are positive, or those that have
    one of some labels, or all cases of an exam in which one has. Each deck is dealt whole before it is shuffled and
    dealt again, so no case is ever left out: with a share of a half, every positive case is drawn once in as many draws
    as there are positive cases, and as many again, beside so many others. The share holds in every block of eight draws
    as closely as whole numbers allow; within a block the order is random, so that no rank gets one kind only.

    The stream is the same for any number of ranks: rank r of w takes draws r, r + w, r + 2w, ..., so the batches of b
    cases of w ranks are together the batch of w x b cases of one process. A draw carries the seed of its random
    transforms (:class:`~mammo_plugins.datasets.case_draw.CaseDraw`).

    With ``epoch_length=None`` the stream has no end, for ``IterBasedTrainLoop``, which resumes it exactly by
    :meth:`skip`. With a length, epoch e is the e-th stretch of the stream, for ``EpochBasedTrainLoop``, which resumes
    it exactly by :meth:`set_epoch`.

    Args:
        dataset: the cases.
        positive_fraction: share of positive cases; None deals both decks as one, at the ratio of the data.
        epoch_length: draws of an epoch over all ranks, rounded up to a multiple of the ranks; ``positives`` for as many
            as deal the positive cases once; None for no end.
        seed: of the stream; the same for all ranks. None draws one and shares it.
        label: which label of 1 makes a case positive: ``malignant``, one of the data set's ``labels``, or several of
            which one is enough.
        unit: ``case``, or ``exam``: every case of an exam (patient and study) that has a positive one is positive.

    Raises:
        ValueError: the share is outside [0, 1], a deck that it needs is empty, or there is no such unit.
    """

    def __init__(
        self,
        dataset: CaseDataset,
        positive_fraction: float | None = 0.5,
        epoch_length: int | str | None = None,
        seed: int | None = None,
        label: str | Sequence[str] = 'malignant',
        unit: str = 'case',
    ) -> None:
        if unit not in _UNITS:
            raise ValueError(f'unit is one of {", ".join(_UNITS)}, got {unit!r}')
        if positive_fraction is not None and not 0 <= positive_fraction <= 1:
            raise ValueError(f'positive_fraction lies in [0, 1] or is None, got {positive_fraction}')
        if not (epoch_length in (None, 'positives') or (isinstance(epoch_length, int) and epoch_length >= 1)):
            raise ValueError(f'epoch_length must be at least 1, "positives" or None, got {epoch_length}')
        if epoch_length == 'positives' and not positive_fraction:
            raise ValueError(f'epoch_length="positives" needs a positive_fraction, got {positive_fraction}')
        self.rank, self.world_size = get_dist_info()
        self.dataset = dataset
        self.seed = sync_random_seed() if seed is None else seed
        self.labels = (label,) if isinstance(label, str) else tuple(label)
        if positive_fraction is None:
            is_positive, positive_fraction = np.zeros(len(dataset), dtype=bool), 0.0
        else:
            is_positive = self._positive_cases() if unit == 'case' else self._cases_of_positive_exams()
        self.positive_fraction = positive_fraction
        self._decks = (np.flatnonzero(~is_positive), np.flatnonzero(is_positive))
        self._check_decks()
        deal = round(len(self._decks[1]) / (positive_fraction or 1))
        self.epoch_length = deal if epoch_length == 'positives' else epoch_length
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

    def _positive_cases(self) -> np.ndarray:
        """(cases,) whether a label of each is 1."""
        known = [
            self.dataset.malignancy_labels() if label == 'malignant' else self.dataset.case_labels(label)
            for label in self.labels
        ]
        return (np.stack(known) == 1).any(axis=0)

    def _cases_of_positive_exams(self) -> np.ndarray:
        cases = [self.dataset.get_data_info(index) for index in range(len(self.dataset))]
        exams = [(case['patient_id'], case['study_uid']) for case in cases]
        positive = {exam for exam, is_positive in zip(exams, self._positive_cases()) if is_positive}
        return np.array([exam in positive for exam in exams])

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
            names = ' or '.join(self.labels)
            raise ValueError(
                f'positive_fraction={self.positive_fraction} cannot be met with {positive} {names} and {others} '
                'other cases: set it to None to take the data as they are, or check the split and the labels'
            )
