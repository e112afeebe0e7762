"""Collating cases of one, two or more views in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.registry import FUNCTIONS


@FUNCTIONS.register_module()
def collate_cases(batch: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Lists the inputs and the samples of a batch.

    Stands in for mmengine's ``pseudo_collate``, which wants every case to have the same number of views.

    Args:
        batch: packed cases.

    Returns:
        ``inputs``: for each case, the list of its views' (S, 1, H, W) tensors; ``data_samples``: list of
        :class:`~mammo_plugins.structures.case_sample.MammoCaseSample`.
    """
    return {key: [case[key] for case in batch] for key in ('inputs', 'data_samples')}
