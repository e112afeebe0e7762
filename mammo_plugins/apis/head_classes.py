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
    """Compares ``classes`` of each split's data set with those of the other splits and of the model.

    Every detection head needs as many ``num_classes``. Where a class is called ``malignant``, every ``malignant_class``
    of the model must be its label. A model that takes findings from maps of the classes ``label_names``
    (``map_findings``) needs them as ``classes``.

    Args:
        cfg: config of a run.
        splits: the loaders that will be used.

    Raises:
        ValueError: they differ; the message names both fields.
    """
    loaders = {split: cfg.get(f'{split}_dataloader') or {} for split in splits}
    targets = [
        target
        for split, loader in loaders.items()
        for target in _target_classes(loader.get('dataset'), f'{split}_dataloader.dataset')
    ]
    for path, classes in targets:
        _check_counts(cfg, path, classes)
        _check_splits(*targets[0], path, classes)
        _check_malignant_class(cfg, path, classes)
        _check_maps(cfg, path, classes)


def _check_counts(cfg: Config, path: str, classes: tuple[str, ...]) -> None:
    for head_path, count in _head_counts(cfg.model, 'model'):
        if count != len(classes):
            raise ValueError(
                f'{path}.classes has {len(classes)} target classes ({", ".join(classes)}), but '
                f'{head_path}.num_classes is {count}: set both alike, or the head learns wrong classes'
            )


def _check_splits(first_path: str, first: tuple[str, ...], path: str, classes: tuple[str, ...]) -> None:
    if classes != first:
        raise ValueError(
            f'{path}.classes is {", ".join(classes)}, but {first_path}.classes is {", ".join(first)}: set both alike, '
            'or a model is scored for what it has not learned'
        )


def _check_malignant_class(cfg: Config, path: str, classes: tuple[str, ...]) -> None:
    if 'malignant' not in classes:
        return
    expected = classes.index('malignant')
    for part, label in _malignant_classes(cfg.model, 'model'):
        if label != expected:
            meant = classes[label] if label < len(classes) else 'none of them'
            raise ValueError(
                f'{path}.classes is {", ".join(classes)}, but {part}.malignant_class is {label}, which is {meant}: set '
                f'it to {expected}, or the malignancy of an image is that of another class'
            )


def _check_maps(cfg: Config, path: str, classes: tuple[str, ...]) -> None:
    names = cfg.model.get('label_names')
    if cfg.model.get('map_findings') and names is not None and tuple(names) != classes:
        raise ValueError(
            f'{path}.classes is {", ".join(classes)}, but model.map_findings takes findings from maps of '
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
