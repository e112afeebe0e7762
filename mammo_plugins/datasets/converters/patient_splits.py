"""Splits for releases that bring none: by patient, seeded, and the same whichever rows could be read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from mammo_plugins.io.annotation_records import SPLITS

DEFAULT_SHARES = (0.7, 0.1, 0.2)
"""Shares of patients in train, validation and test."""


def split_patients(patients: Iterable[str], shares: Sequence[float] = DEFAULT_SHARES, seed: int = 0) -> dict[str, str]:
    """Patient to split.

    Patients are put in an order that depends on the seed and their id alone, and dealt out by the shares.

    Args:
        patients: ids; repeats count once.
        shares: of train, validation and test; each 0 or more, 1 in all.
        seed: of the order.

    Raises:
        ValueError: the shares are not three numbers that sum to 1.
    """
    if len(shares) != len(SPLITS) or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f'split shares {tuple(shares)} are not three numbers that sum to 1, such as {DEFAULT_SHARES}')
    ordered = sorted(set(patients), key=lambda patient: hashlib.sha256(f'{seed}/{patient}'.encode()).digest())
    train = round(shares[0] * len(ordered))
    validation = round((shares[0] + shares[1]) * len(ordered))
    bounds = {'train': (0, train), 'validation': (train, validation), 'test': (validation, len(ordered))}
    return {patient: split for split, (first, end) in bounds.items() for patient in ordered[first:end]}
