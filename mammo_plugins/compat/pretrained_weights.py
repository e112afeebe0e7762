"""Published weights that a config starts its modules from: where they are named, and whether they can be had.

Three spellings reach the network: ``pretrained=True`` of timm's backbones, ``pretrained='torchvision://...'`` of old
mmdet configs, and ``init_cfg=dict(type='Pretrained', checkpoint=...)`` of any module.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .downloads import UnreachableFileError, require_reachable

_TIMM_FILES = ('model.safetensors', 'pytorch_model.bin')


@dataclass(frozen=True)
class PretrainedReference:
    """A place in a config that asks for published weights.

    Attributes:
        path: dotted name of the module in the model's config, such as ``backbone``; empty for the model itself.
        module: the module's config.
    """

    path: str
    module: Any


def pretrained_references(model: Mapping[str, Any]) -> list[PretrainedReference]:
    """Every module of a model's config that starts from published weights, in the order of the config."""
    return [PretrainedReference(path, module) for path, module in _modules(model, '') if _asks_for_weights(module)]


def drop_pretrained(model: Mapping[str, Any], keep: Callable[[str], bool] = lambda path: False) -> list[str]:
    """Takes references to published weights out of a model's config, for a model that gets all its weights elsewhere.

    Args:
        model: config of the model, changed in place.
        keep: whether a module, by its dotted name, keeps its reference.

    Returns:
        Dotted names of the modules that lost one.
    """
    dropped = []
    for reference in pretrained_references(model):
        if keep(reference.path):
            continue
        module = reference.module
        if module.get('pretrained'):
            module['pretrained'] = False if _is_timm(module) else None
        module.pop('pretrained_cfg_overlay', None)
        if _is_timm(module):
            module.pop('checkpoint_path', None)
        if 'init_cfg' in module:
            module['init_cfg'] = _without_pretrained(module['init_cfg'])
        dropped.append(reference.path)
    return dropped


def require_pretrained(model: Mapping[str, Any], prefix: str = 'model') -> None:
    """Makes sure in seconds that timm's published weights, where a config asks for them, can be had.

    What mmengine fetches (``torchvision://``, web addresses) is checked when it is fetched: see
    :func:`mammo_plugins.compat.load_checkpoint_file`.

    Raises:
        UnreachableFileError: they are not on this machine, and their server cannot be reached; the message says what
            to download and where it goes.
        FileNotFoundError: a file that the config names in their place does not exist.
    """
    for reference in pretrained_references(model):
        module = reference.module
        if _is_timm(module) and module.get('pretrained'):
            _require_timm_weights(module, '.'.join(filter(None, (prefix, reference.path))))


def _modules(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping):
        if node.get('type') != 'Pretrained':
            yield path, node
        for name, value in node.items():
            yield from _modules(value, f'{path}.{name}' if path else str(name))
    elif isinstance(node, (list, tuple)):
        for number, value in enumerate(node):
            yield from _modules(value, f'{path}.{number}')


def _is_timm(module: Mapping[str, Any]) -> bool:
    return str(module.get('type', '')).rsplit('.', 1)[-1] == 'TIMMBackbone'


def _asks_for_weights(module: Mapping[str, Any]) -> bool:
    if not module.get('type'):
        return False
    by_path = _is_timm(module) and bool(module.get('checkpoint_path'))
    return bool(module.get('pretrained')) or by_path or any(map(_is_pretrained_init, _inits(module.get('init_cfg'))))


def _inits(init_cfg: Any) -> list[Any]:
    if init_cfg is None:
        return []
    return list(init_cfg) if isinstance(init_cfg, (list, tuple)) else [init_cfg]


def _is_pretrained_init(init_cfg: Any) -> bool:
    return isinstance(init_cfg, Mapping) and str(init_cfg.get('type', '')).rsplit('.', 1)[-1] == 'Pretrained'


def _without_pretrained(init_cfg: Any) -> Any:
    kept = [init for init in _inits(init_cfg) if not _is_pretrained_init(init)]
    if isinstance(init_cfg, (list, tuple)):
        return kept or None
    return kept[0] if kept else None


def _require_timm_weights(module: Mapping[str, Any], name: str) -> None:
    overlay = module.get('pretrained_cfg_overlay') or {}
    if overlay.get('state_dict'):
        return
    if overlay.get('file'):
        if not Path(overlay['file']).is_file():
            raise FileNotFoundError(f'{name}.pretrained_cfg_overlay.file={overlay["file"]} does not exist')
        return
    address = _timm_address(module, overlay)
    if address is None or _is_cached(address):
        return
    url = address if isinstance(address, str) else _hub_url(*address, _TIMM_FILES[0])
    what = f'the weights of {module.get("model_name")} that {name}.pretrained=True starts from'
    instead = (
        f'on a machine with network, download {url}, copy it here and name it: --cfg-options '
        f'{name}.pretrained_cfg_overlay.file=PATH; or start from random weights: {name}.pretrained=False'
    )
    if os.environ.get('HF_HUB_OFFLINE', '').upper() in ('1', 'TRUE', 'YES', 'ON') and not isinstance(address, str):
        raise UnreachableFileError(f'{what} are not on this machine, and HF_HUB_OFFLINE is set: {instead}')
    require_reachable(url, what, instead)


def _timm_address(module: Mapping[str, Any], overlay: Mapping[str, Any]) -> str | tuple[str] | None:
    """A web address, or a repository of the Hugging Face hub; None where timm knows no weights and will say so."""
    import timm

    try:
        known = timm.models.get_pretrained_cfg(module.get('model_name', ''))
    except RuntimeError:
        return None
    hub = overlay.get('hf_hub_id') or getattr(known, 'hf_hub_id', None)
    return (hub,) if hub else overlay.get('url') or getattr(known, 'url', None)


def _is_cached(address: str | tuple[str]) -> bool:
    if isinstance(address, str):
        import torch

        return Path(torch.hub.get_dir(), 'checkpoints', Path(address).name).is_file()
    from huggingface_hub import try_to_load_from_cache

    return any(isinstance(try_to_load_from_cache(address[0], name), str) for name in _TIMM_FILES)


def _hub_url(repository: str, file: str) -> str:
    endpoint = os.environ.get('HF_ENDPOINT', 'https://huggingface.co').rstrip('/')
    return f'{endpoint}/{repository}/resolve/main/{file}'
