"""Large batches on small GPUs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from mmdet.registry import LOOPS
from mmengine.model import is_model_wrapper
from mmengine.runner import IterBasedTrainLoop

from mammo_plugins.models.losses.average_factor import batch_in_parts, count_loss_terms


@LOOPS.register_module()
class AccumulatingTrainLoop(IterBasedTrainLoop):
    """Takes the batches of the data loader apart, and steps once their gradients are added up.

    The gradients are those of the whole batch: losses are divided by the number of findings, slices and labels in all
    of it. (``accumulative_counts`` of mmengine averages batches that were each divided by their own, which makes the
    findings of a crowded batch count less.) Batch normalisation in training mode sees the parts, like anything else
    that looks across breasts.

    Args:
        *args: as for :class:`mmengine.runner.IterBasedTrainLoop`.
        cases_at_once: breasts a part.
        **kwargs: likewise.

    Raises:
        ValueError: there is no breast in a part, or the optimiser accumulates by itself.
    """

    def __init__(self, *args, cases_at_once: int = 1, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if cases_at_once < 1:
            raise ValueError(f'cases_at_once must be at least 1, got {cases_at_once}')
        self.cases_at_once = cases_at_once

    def run(self) -> None:
        """Trains."""
        if self.runner.optim_wrapper._accumulative_counts != 1:
            raise ValueError(
                'AccumulatingTrainLoop adds gradients up by itself: leave accumulative_counts out of optim_wrapper, '
                "and set the data loader's batch_size to the whole batch"
            )
        return super().run()

    def run_iter(self, data_batch: dict[str, list[Any]]) -> None:
        """One step of the optimiser."""
        self.runner.call_hook('before_train_iter', batch_idx=self._iter, data_batch=data_batch)
        model, optim_wrapper = self.runner.model, self.runner.optim_wrapper
        parts = list(self._parts(data_batch))
        optim_wrapper._accumulative_counts = len(parts)
        optim_wrapper.initialize_count_status(model, 0, len(parts))
        detector = model.module if is_model_wrapper(model) else model
        counts = count_loss_terms(data_batch['data_samples'], detector.rpn_head.num_proposals)
        with batch_in_parts(counts, len(parts)):
            outputs = [model.train_step(part, optim_wrapper=optim_wrapper) for part in parts]
        self.runner.call_hook(
            'after_train_iter', batch_idx=self._iter, data_batch=data_batch, outputs=_mean_of(outputs)
        )
        self._iter += 1

    def _parts(self, data_batch: dict[str, list[Any]]) -> Iterator[dict[str, list[Any]]]:
        size = len(data_batch['data_samples'])
        for start in range(0, size, self.cases_at_once):
            yield {key: values[start : start + self.cases_at_once] for key, values in data_batch.items()}


def _mean_of(outputs: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The losses of the whole batch."""
    return {name: torch.stack([output[name] for output in outputs]).mean() for name in outputs[0]}
