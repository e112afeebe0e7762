"""Which part of a model becomes a graph, and what goes in and comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mammo_plugins.models.classifiers import GlobalLocalClassifier
from mammo_plugins.models.detectors import MammogramDetector, ModalityFusionDetector, MultiViewSparseRCNN

from .breast_findings import BreastFindings
from .dense_detections import DenseDetections
from .image_labels import ImageLabels

_MEANINGS = {
    'boxes': 'x1, y1, x2, y2 in pixels of the input, not cut off at its border',
    'scores': 'of each class, 0 to 1',
    'slice_weights': 'part of each slice in a finding; they add up to 1',
    'labels': 'probability of each label',
    'maps': 'saliency of each label, 0 to 1',
}
_MIN_UNITS = 2  # torch.export takes a length of 1 for a constant
_SAMPLE_SLICES = 3
_SAMPLE_AIR = 3.0  # pixels


@dataclass(frozen=True)
class Network:
    """A function of tensors, without preprocessing before it and without suppression behind it.

    Attributes:
        module: the function, with the names of its ``inputs`` and ``outputs``.
        axes: names of the axes of the images.
        channels: of the images.
        divisor: height and width are multiples of this.
        min_units: the smallest height and width in divisors: no level of features is a single cell high or wide.
        num_views: views of the images; None where images are read one by one.
        preprocessing: what the model does to intensities in [0, 1] before.
    """

    module: nn.Module
    axes: tuple[str, ...]
    channels: int
    divisor: int
    min_units: int
    num_views: int | None
    preprocessing: dict[str, Any]

    def sample(self, more_rows: int = 0, more_columns: int = 1, first: int = _SAMPLE_SLICES) -> tuple[Tensor, ...]:
        """Inputs of noise: rows and columns in divisors above the fewest; ``first`` images, or slices of each view."""
        height, width = ((self.min_units + more) * self.divisor for more in (more_rows, more_columns))
        leading = (first,) if self.num_views is None else (self.num_views, first)
        images = torch.randn(*leading, self.channels, height, width, generator=torch.Generator().manual_seed(0))
        inputs = {'images': images, 'size': torch.tensor([height - _SAMPLE_AIR, width - _SAMPLE_AIR])}
        return tuple(inputs[name] for name in self.module.inputs)

    def free_axes(self) -> tuple[dict[int, Any], ...]:
        """The axes of each input whose length may change, for ``torch.export``."""
        changing = self.axes.index('images' if self.num_views is None else 'slices')
        rows, columns = (torch.export.Dim(f'{name}_units', min=self.min_units) for name in ('row', 'column'))
        images = {
            changing: torch.export.Dim(self.axes[changing], min=1),
            len(self.axes) - 2: self.divisor * rows,
            len(self.axes) - 1: self.divisor * columns,
        }
        return tuple(images if name == 'images' else {} for name in self.module.inputs)

    def description(self) -> dict[str, Any]:
        """What a reader of the file has to know."""
        fixed = {'channels': self.channels, 'views': self.num_views}
        size = {'size': 'rows and columns of the views without what fills them up, float32'}
        return {
            'images': {
                'axes': {name: fixed.get(name) or 'any' for name in self.axes},
                'rows and columns are multiples of': self.divisor,
                'rows and columns are at least': self.min_units * self.divisor,
                'preprocessing': self.preprocessing,
            },
            **(size if 'size' in self.module.inputs else {}),
            'outputs': {name: _MEANINGS[name] for name in self.module.outputs},
        }


def find_network(model: nn.Module, num_views: int = 2) -> Network:
    """The part of a model that can be a graph.

    Args:
        model: ready to predict, on the CPU.
        num_views: of M&M-3D: 2 for a pair, 1 for a lone view.

    Raises:
        ValueError: it has no such part; the message says which have.
    """
    if isinstance(model, MultiViewSparseRCNN):
        return _network(model, BreastFindings(model, num_views), num_views)
    if isinstance(model, MammogramDetector) and _reads_one_image(model):
        return _network(model, DenseDetections(model.detector))
    if isinstance(model, GlobalLocalClassifier):
        return _network(model, ImageLabels(model.global_module))
    raise ValueError(
        f'{type(model).__name__} cannot be written as a graph: what can be are M&M-3D, detectors with dense heads that '
        "read one image (FCOS, EfficientDet, SM/FFDM fusion), and GLAM's global module"
    )


def _reads_one_image(model: MammogramDetector) -> bool:
    """Whether one image suffices: the fused detector reads the SM alone, unless it asks for the FFDM."""
    fused = isinstance(model.detector, ModalityFusionDetector) and 'ffdm' not in model.detector.parts
    return fused or not model.images_together


def _network(model: nn.Module, module: nn.Module, num_views: int | None = None) -> Network:
    preprocessor = model.data_preprocessor
    stated = {name: getattr(preprocessor, name) for name in ('mean', 'std', 'min_std') if hasattr(preprocessor, name)}
    divisor, coarsest = preprocessor.pad_size_divisor, getattr(module, 'coarsest_stride', 1)
    leading = ('images',) if num_views is None else ('views', 'slices')
    return Network(
        module.eval(),
        axes=(*leading, 'channels', 'rows', 'columns'),
        channels=preprocessor.num_channels,
        divisor=divisor,
        min_units=max(_MIN_UNITS, coarsest // divisor + 1),
        num_views=num_views,
        preprocessing={'type': type(preprocessor).__name__, **stated},
    )
