"""From crops of two styles to two tensors."""

from __future__ import annotations

from collections.abc import Sequence

from mmdet.registry import MODELS
from mmengine.model import BaseDataPreprocessor
from torch import Tensor, cat

from mammo_plugins.structures.intensity_window import IntensityWindow


@MODELS.register_module()
class StylePairPreprocessor(BaseDataPreprocessor):
    """Stacks the images of each style, and takes intensities in [0, 1] to [-1, 1] by a fixed window.

    Args:
        window: the intensities that become -1 and 1. A generator cannot give any outside it; one that is wider than
            0 to 1 keeps the brightest calcifications away from its saturation.
        non_blocking: whether copies to a device may overlap with computation.

    Raises:
        ValueError: the window is empty or reversed.
    """

    def __init__(self, window: Sequence[float] = (0.0, 1.0), non_blocking: bool = False) -> None:
        super().__init__(non_blocking=non_blocking)
        self.window = IntensityWindow.checked(*window)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Makes a batch.

        Args:
            data: ``inputs``, for each pair its two (1, 1, H, W) tensors, and ``data_samples``, their identities: what
                ``StylePairDataset`` gives and ``collate_cases`` lists.
            training: unused; mmengine passes it.

        Returns:
            ``inputs``: two (N, 1, H, W) tensors, of the first and of the second style; ``data_samples``.

        Raises:
            ValueError: the images differ in size.
        """
        data = self.cast_data(data)
        shapes = {tuple(image.shape) for pair in data['inputs'] for image in pair}
        if len(shapes) != 1 or next(iter(shapes))[:2] != (1, 1):
            raise ValueError(f'images need one size, (1, 1, H, W), got {sorted(shapes)}: crop to a size')
        images: list[Tensor] = [self.window.to_network(cat(style).float()) for style in zip(*data['inputs'])]
        return dict(inputs=tuple(images), data_samples=data['data_samples'])
