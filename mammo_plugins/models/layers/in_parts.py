"""How much of a batch goes through an operation at a time."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

WRITTEN_AT_ONCE = 2**21
"""Numbers that one operation writes in prediction on a CPU: 8 MiB in float32.

They are then still in the cache when the next operation reads them, and few enough for the allocator to hand out their
memory again; what is larger is faulted in page by page each time.
"""


def in_parts(function: Callable[[Tensor], Tensor], rows: Tensor, written_per_row: int) -> Tensor:
    """Applies a function to a batch, in prediction on a CPU to some rows at a time.

    Args:
        function: gives each row the same as without the others.
        rows: (P, ...).
        written_per_row: numbers a row that its largest operation writes.
    """
    # A graph that is exported has no loop whose turns depend on its input.
    if torch.is_grad_enabled() or rows.device.type != 'cpu' or torch.compiler.is_compiling():
        return function(rows)
    return torch.cat([function(part) for part in rows.split(max(1, WRITTEN_AT_ONCE // written_per_row))])
