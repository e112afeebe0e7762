"""Whether the heads of a model have the classes that the data set has as targets."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from mmdet.registry import MODELS
from mmengine.config import Config

# First stages tell objects from background, whatever the classes are.
_CLASS_AGNOSTIC = ('rpn_head',)
_DEFAULT_CLASSES = ('malignant',)


def check_head_classes(cfg: Config, splits: tuple[str, ...] = ('train', 'val')) -> None:
    """Compares ``classes`` of each split's data set with ``num_classes`` of every detection head of the model.

    Where one is called ``malignant``, every ``malignant_class`` of the model must be its label. A model
    that takes findings from maps of the classes ``label_names`` (``map_findings``) needs them as ``classes``.

    Args:
        cfg: config of a run.
        splits: the loaders that will be used.

    Raises:
        ValueError: they differ; the message names both fields.
    """
    for split in splits:
        loader = cfg.get(f'{split}_dataloader')
        for data_path, classes in _target_classes((loader or {}).get('dataset'), f'{split}_dataloader.dataset'):
            for head_path, count in _head_counts(cfg.model, 'model'):
                if count != len(classes):
                    raise ValueError(
                        f'{data_path}.classes has {len(classes)} target classes ({", ".join(classes)}), but '
                        f'{head_path}.num_classes is {count}: set both alike, or the head learns wrong classes'
                    )
            for path, label in _malignant_classes(cfg.model, 'model') if 'malignant' in classes else ():
                if label != classes.index('malignant'):
                    raise ValueError(
                        f'{data_path}.classes is {", ".join(classes)}, but {path}.malignant_class is {label}, which is '
                        f'{classes[label] if label < len(classes) else "none of them"}: set it to '
                        f'{classes.index("malignant")}, or the malignancy of an image is that of another class'
                    )
            names = cfg.model.get('label_names')
            if cfg.model.get('map_findings') and names is not None and tuple(names) != classes:
                raise ValueError(
                    f'{data_path}.classes is {", ".join(classes)}, but model.map_findings takes findings from maps of '
                    f'{", ".join(names)} (model.label_names): set both alike, or findings get wrong classes'
                )


def _target_classes(node: Any, path: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Data sets of cases in a loader's config, also inside wrappers such as ``ConcatDataset``."""
    if isinstance(node, Mapping):
        if node.get('type') == 'CaseDataset':
            classes = node.get('classes', _DEFAULT_CLASSES)
            yield path, (classes,) if isinstance(classes, str) else tuple(classes)
            return
        for name in ('dataset', 'datasets'):
            yield from _target_classes(node.get(name), f'{path}.{name}')
    elif isinstance(node, (list, tuple)):
        for number, part in enumerate(node):
            yield from _target_classes(part, f'{path}.{number}')


def _head_counts(node: Any, path: str) -> Iterator[tuple[str, int]]:
    """Every ``*_head`` in a model's config that says its number of classes."""
    if isinstance(node, (list, tuple)):
        for number, part in enumerate(node):
            yield from _head_counts(part, f'{path}.{number}')
    if not isinstance(node, Mapping):
        return
    names = [part for part in path.split('.') if not part.isdigit()]
    if isinstance(node.get('num_classes'), int) and names[-1].endswith(('bbox_head', 'mask_head')):
        yield path, node['num_classes']
    for name, part in node.items():
        if name not in _CLASS_AGNOSTIC:
            yield from _head_counts(part, f'{path}.{name}')


def _malignant_classes(node: Any, path: str) -> Iterator[tuple[str, int]]:
    """Every part of a model's config that takes a ``malignant_class``, and its value or default."""
    if isinstance(node, (list, tuple)):
        for number, part in enumerate(node):
            yield from _malignant_classes(part, f'{path}.{number}')
    if not isinstance(node, Mapping):
        return
    kind = node.get('type')
    kind = MODELS.get(kind) if isinstance(kind, str) else kind
    default = inspect.signature(kind).parameters.get('malignant_class') if kind is not None else None
    if default is not None:
        yield path, node.get('malignant_class', default.default)
    for name, part in node.items():
        yield from _malignant_classes(part, f'{path}.{name}')
