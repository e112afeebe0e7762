"""From cases with augmented copies to one tensor a copy."""

from __future__ import annotations

from mmdet.registry import MODELS
from mmengine.model import BaseDataPreprocessor
from torch import Tensor, cat

from mammo_plugins.structures.image_identity import ImageIdentity


@MODELS.register_module()
class CopiesDataPreprocessor(BaseDataPreprocessor):
    """Normalises copies of images, and stacks the first copies of all images, the second ones, and so on.

    This is what mmpretrain's MoCo and BYOL read, and ``ContrastivePretraining``.

    Args:
        mean: subtracted from intensities, which readers give in [0, 1].
        std: what intensities are divided by then.
        num_channels: channels of the backbone's input; the grey image is repeated.
        non_blocking: whether copies to a device may overlap with computation.

    Raises:
        ValueError: ``std`` is not positive.
    """

    def __init__(self, mean: float = 0.0, std: float = 1.0, num_channels: int = 3, non_blocking: bool = False) -> None:
        super().__init__(non_blocking=non_blocking)
        if std <= 0:
            raise ValueError(f'std must be positive, got {std}')
        self.mean, self.std, self.num_channels = mean, std, num_channels

    def forward(self, data: dict, training: bool = False) -> dict:
        """Makes a batch.

        Args:
            data: ``inputs``, for each case the list of its images' (copies, 1, H, W) tensors, and ``data_samples``,
                for each case the list of their identities: what ``PackCopies`` gives and ``collate_cases`` lists.
            training: unused; mmengine passes it.

        Returns:
            ``inputs``: a (N, num_channels, H, W) tensor a copy; ``data_samples``: N identities.

        Raises:
            ValueError: images differ in size or number of copies.
        """
        data = self.cast_data(data)
        images: list[Tensor] = [image for case in data['inputs'] for image in case]
        identities: list[ImageIdentity] = [identity for case in data['data_samples'] for identity in case]
        if len({tuple(image.shape) for image in images}) != 1:
            sizes = sorted({tuple(image.shape) for image in images})
            raise ValueError(f'all images need the same copies and size, got (copies, 1, H, W) {sizes}: crop to a size')
        normalised = (cat(images, dim=1).float() - self.mean) / self.std
        copies = [copy[:, None].expand(-1, self.num_channels, -1, -1) for copy in normalised]
        return dict(inputs=copies, data_samples=identities)
