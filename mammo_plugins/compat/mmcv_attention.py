"""Keeps mmcv's attention modules from changing one another.

``MultiheadAttention`` has a dictionary as the default of ``dropout_layer`` and writes into it where it is built with
``dropout``, as in Deformable DETR. Every attention that is built later in the same process, of any model, would then
have that dropout.
"""

from __future__ import annotations

import copy
import functools

_POSITION_OF_DROPOUT_LAYER = 5  # arguments up to it, without self


def separate_attention_defaults() -> None:
    """Gives each ``mmcv`` attention a ``dropout_layer`` of its own; calling it again changes nothing."""
    from mmcv.cnn.bricks.transformer import MultiheadAttention

    original = MultiheadAttention.__init__
    if hasattr(original, '__wrapped__'):
        return

    @functools.wraps(original)
    def build(self: MultiheadAttention, *args, **kwargs) -> None:
        if len(args) < _POSITION_OF_DROPOUT_LAYER:
            default = dict(type='Dropout', drop_prob=0.0)
            kwargs['dropout_layer'] = copy.deepcopy(kwargs.get('dropout_layer', default))
        original(self, *args, **kwargs)

    MultiheadAttention.__init__ = build
