"""GLAM's global module as one function of an image: labels and maps."""

from __future__ import annotations

from torch import Tensor, nn

from mammo_plugins.models.classifiers import GlobalModule


class ImageLabels(nn.Module):
    """Probabilities of the labels of an image, and the map of each.

    Args:
        global_module: of a ``GlobalLocalClassifier``.
    """

    inputs = ('images',)
    outputs = ('labels', 'maps')

    def __init__(self, global_module: GlobalModule) -> None:
        super().__init__()
        self.global_module = global_module

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities (N, K), y_g, and saliency maps (N, K, h, w), S_g, both in [0, 1].

        Args:
            images: (N, C, H, W) as the data preprocessor gives them.
        """
        output = self.global_module(images)
        return output.prediction, output.saliency
