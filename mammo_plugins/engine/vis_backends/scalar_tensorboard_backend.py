"""TensorBoard without anything that could name a patient."""

from __future__ import annotations

from typing import Any

from mmdet.registry import VISBACKENDS
from mmengine.visualization import TensorboardVisBackend


@VISBACKENDS.register_module()
class ScalarTensorboardBackend(TensorboardVisBackend):
    """Writes losses, learning rates and numbers.

    mmengine's own backend also writes the config, whose paths may hold names, and images with what they show. Event
    files are passed on more lightly than work directories, so these stay out.
    """

    def add_config(self, config: Any, **kwargs: Any) -> None:
        """Writes nothing."""

    def add_graph(self, model: Any, data_batch: Any, **kwargs: Any) -> None:
        """Writes nothing."""

    def add_image(self, name: str, image: Any, step: int = 0, **kwargs: Any) -> None:
        """Writes nothing."""
