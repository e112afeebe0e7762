"""``metadata.json`` of a bundle: the keys of MONAI's bundles, filled from the config and from what a person wrote.

Source: MONAI Bundle Specification (``metadata.json``). ``monai_version`` says that MONAI runs no part of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import mammo_plugins

from .about import BLANK, ModelAbout

_SCHEMA = 'https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/meta_schema_20240725.json'
_PACKAGES = ('torchvision', 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmdetection', 'onedl-mmpretrain', 'timm', 'pydicom')
# What each metric reads says what a model gives.
_OUTPUTS = {
    'VolumeDetectionMetric': ('findings', 'boxes with scores, slices and a malignancy, in stored pixels'),
    'LabelMetric': ('labels', 'probabilities of labels'),
    'SaliencyMetric': ('maps', 'saliency from 0 to 1'),
    'PictureWriter': ('pictures', 'images that the model makes, intensities from 0 to 1'),
}


def bundle_metadata(
    about: ModelAbout, config: Mapping[str, Any], parameters: int, weights_dtype: str
) -> dict[str, Any]:
    """What the bundle says about itself.

    Args:
        about: what a person wrote.
        config: from :func:`~.bundle_config.bundle_config`.
        parameters: how many numbers the model has.
        weights_dtype: what they are stored as.
    """
    dataset = config['test_dataloader']['dataset']
    return {
        'schema': _SCHEMA,
        'name': about.name,
        'version': about.version,
        'changelog': about.changelog or {about.version: 'exported'},
        'monai_version': 'none',
        'mammo_plugins_version': mammo_plugins.__version__,
        'pytorch_version': version('torch'),
        'numpy_version': version('numpy'),
        'required_packages_version': {name: version(name) for name in _PACKAGES},
        'task': about.task or BLANK,
        'description': about.description or BLANK,
        'authors': about.authors or BLANK,
        'copyright': about.copyright or BLANK,
        'license': about.license or BLANK,
        'data_source': about.data_source or BLANK,
        'data_type': 'dicom',
        'intended_use': about.intended_use or BLANK,
        'limitations': about.limitations,
        'references': about.references,
        'image_classes': f'grey values of {" or ".join(modalities_of(dataset))} from 0 to 1',
        'label_classes': ', '.join(dataset.get('classes') or ()),
        'modalities': modalities_of(dataset),
        'reads_together': dataset.get('group_by', 'breast'),
        'parameters': parameters,
        'weights_dtype': weights_dtype,
        'network_data_format': {
            'inputs': {'image': _input_format(dataset)},
            'outputs': {name: _output_format(dataset, text) for name, text in _outputs(config)},
        },
    }


def modalities_of(dataset: Mapping[str, Any]) -> list[str]:
    """What a data set reads; all modalities where it does not say."""
    modality = dataset.get('modality') or ['FFDM', 'SM', 'DBT']
    return [modality] if isinstance(modality, str) else list(modality)


def gives(metadata: Mapping[str, Any]) -> list[str]:
    """What a model gives, by the metrics that it is tested with."""
    return list(metadata['network_data_format']['outputs'])


def _input_format(dataset: Mapping[str, Any]) -> dict[str, Any]:
    return {
        'type': 'image',
        'format': 'mammogram',
        'modality': '/'.join(modalities_of(dataset)),
        'num_channels': 1,
        'spatial_shape': ['*', '*', '*'],  # slices, rows, columns
        'dtype': 'float32',
        'value_range': [0, 1],
        'is_patch_data': False,
        'channel_def': {'0': 'grey value'},
    }


def _output_format(dataset: Mapping[str, Any], text: str) -> dict[str, Any]:
    classes: Sequence[str] = dataset.get('classes') or ()
    return {
        'type': 'object',
        'format': text,
        'num_channels': len(classes),
        'spatial_shape': [],
        'dtype': 'float32',
        'value_range': [0, 1],
        'is_patch_data': False,
        'channel_def': {str(index): name for index, name in enumerate(classes)},
    }


def _outputs(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    evaluators = config.get('test_evaluator') or []
    types = [one.get('type', '') for one in (evaluators if isinstance(evaluators, list) else [evaluators])]
    return [output for name, output in _OUTPUTS.items() if any(str(one).split('.')[-1] == name for one in types)]
