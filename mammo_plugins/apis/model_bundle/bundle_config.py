"""The part of a config that predicting and testing need, as plain values that name nobody's data and run nothing.

A config is Python code, and a ``type`` in it may be any importable function: mmengine's registries import what they do
not know. What a bundle holds is read as JSON, has only the fields below, and its types must be registered by name in
mmdet, mmengine, mmcv or mmpretrain. It names no place where something is read or written: its metrics are those of this
package, which write where a command says.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry

from mammo_plugins.compat.pretrained_weights import drop_pretrained
from mammo_plugins.io.model_bundle import BundleError

_REGISTRATION = 'mammo_plugins.registration'
_SCOPES = ('mmdet', 'mmengine', 'mmpretrain')  # mmcv's components are in mmengine's registries
_FIELDS = ('default_scope', 'custom_imports', 'model', 'test_dataloader', 'test_evaluator', 'test_cfg')
_NEEDED = ('model', 'test_dataloader')
_DATA_FIELDS = {'ann_file': '', 'data_root': ''}
_METRICS = ('VolumeDetectionMetric', 'LabelMetric', 'SaliencyMetric', 'LesionPairMetric', 'PictureWriter')
_PATH_FIELDS = ('ann_file', 'data_root', 'outfile', 'volume_cache')  # empty in a bundle, wherever they stand
_ELSEWHERE = re.compile(r'[/\\~]|[A-Za-z]:[/\\]|\w+://|(?:.*[/\\])?\.\.(?:[/\\]|$)')


def bundle_config(cfg: Config) -> dict[str, Any]:
    """The fields of a config that go into a bundle, without paths of data or of weights to start from.

    Raises:
        BundleError: a value is no plain one, or names a file of this machine that the model would need elsewhere.
    """
    fields = {name: value for name, value in cfg.to_dict().items() if name in _FIELDS}
    _blank(fields.get('test_dataloader'), fields.get('test_evaluator'))
    drop_pretrained(fields['model'])  # every weight comes from the bundle
    for place, value in _values(fields):
        if not place.endswith('outdir') and isinstance(value, str) and _is_file(value):
            raise BundleError(f'the config reads {value} ({place}), which a bundle does not hold')
    try:
        return json.loads(json.dumps(fields))
    except (TypeError, ValueError) as error:
        raise BundleError(f'the config {cfg.filename} holds what is no plain value: {error}') from error


def check_bundle_config(path: str | Path, trusted: bool = False) -> dict[str, Any]:
    """Reads the config of a bundle, and refuses one that could run other code than that of registered components.

    Args:
        path: the JSON file.
        trusted: allow imports of other packages, and types that are not registered.

    Raises:
        BundleError: it is no such config; the message names the field.
    """
    try:
        text = Path(path).read_text(encoding='utf-8')
        config = json.loads(text)
    except ValueError as error:
        raise BundleError(f'{path}: {error}') from error
    lacking = [name for name in _NEEDED if not isinstance(config, dict) or name not in config]
    if lacking:
        raise BundleError(f'{path} has no {" and no ".join(lacking)}')
    if unknown := sorted(set(config).difference(_FIELDS)):
        raise BundleError(f'{path} has the fields {", ".join(unknown)}, and a bundle has {", ".join(_FIELDS)} only')
    if '{{' in text or any(place.split('.')[-1] == '_base_' for place, _ in _values(config)):
        raise BundleError(f'{path} refers to other files or to the environment')
    _require_no_places(path, config)
    if not trusted:
        _require_registered(path, config)
    return config


def _require_no_places(path: str | Path, config: Mapping[str, Any]) -> None:
    """Refuses metrics of other packages, and paths to read from or write to."""
    evaluators = config.get('test_evaluator') or []
    for metric in evaluators if isinstance(evaluators, list) else [evaluators]:
        if not isinstance(metric, Mapping) or str(metric.get('type')).removeprefix('mmdet.') not in _METRICS:
            raise BundleError(f'{path}: test_evaluator holds {metric!r}, and a bundle has {", ".join(_METRICS)} only')
    for place, value in _values(config):
        name = place.split('.')[-1]
        is_folder = name == 'outdir' and Path(str(value)).name != str(value)
        if (name in _PATH_FIELDS and value) or is_folder or (isinstance(value, str) and _ELSEWHERE.match(value)):
            raise BundleError(f'{path}: {place} is {value!r}, and a bundle names no path')


def _require_registered(path: str | Path, config: Mapping[str, Any]) -> None:
    hint = 'if you know where the bundle comes from and trust it, give --trust-checkpoint'
    stated = config.get('custom_imports') or {}
    imports = stated.get('imports', []) if isinstance(stated, Mapping) else stated
    imports = imports if isinstance(imports, list) else [imports]
    if foreign := [name for name in imports if name != _REGISTRATION]:
        raise BundleError(f'{path} imports {", ".join(map(str, foreign))}: {hint}')
    importlib.import_module(_REGISTRATION)
    for place, value in _values(config):
        if place.split('.')[-1] == 'trust_remote_code' and value:
            raise BundleError(f'{path}: {place} runs code from elsewhere: {hint}')
        if place.split('.')[-1] == 'type' and not (isinstance(value, str) and _is_component(value)):
            raise BundleError(f'{path}: {place} is {value!r}, which is no registered component: {hint}')


def _is_component(name: str) -> bool:
    """Whether a type is a registered component, or a name that leads to no module, as those of layers do."""
    scope, _, bare = name.rpartition('.')
    if not name.isidentifier() and scope not in _SCOPES:
        return False
    scopes = (scope,) if scope else _SCOPES
    return any(bare in registry.module_dict for one in scopes for registry in _registries(one)) or (
        not scope and importlib.util.find_spec(bare) is None
    )


def _registries(scope: str) -> Iterator[Registry]:
    for registry in vars(importlib.import_module(f'{scope}.registry')).values():
        if isinstance(registry, Registry):
            registry.import_from_location()
            yield registry


def _blank(loader: dict[str, Any] | None, evaluators: Any) -> None:
    """Takes the paths of data and results out."""
    for part in [(loader or {}).get('dataset'), *(evaluators if isinstance(evaluators, list) else [evaluators])]:
        if isinstance(part, dict):
            part.update({name: blank for name, blank in _DATA_FIELDS.items() if name in part})
            for name in ('outfile', 'volume_cache'):
                part.pop(name, None)
            if 'outdir' in part:  # needed, and changed by "mammo test --out"
                part['outdir'] = Path(part['outdir']).name


def _values(value: Any, place: str = '') -> Iterator[tuple[str, Any]]:
    """Every value below one, with the dotted path to it."""
    yield place, value
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _values(one, f'{place}.{name}'.lstrip('.'))
    elif isinstance(value, (list, tuple)):
        for index, one in enumerate(value):
            yield from _values(one, f'{place}.{index}'.lstrip('.'))


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or with a zero byte
        return False
