"""Loading checkpoints without running code that is hidden in them.

A PyTorch checkpoint is a pickle, and a pickle may call any function while it is read. Everything here reads with
``weights_only=True`` and admits, beyond tensors and plain containers, exactly what mmengine writes when it saves a
training run: logged values (``HistoryBuffer``), NumPy numbers and arrays, and config dictionaries. Files named
``.safetensors`` hold a state dict and no code.
"""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from .checkpoint_allow_list import checkpoint_allow_list
from .downloads import require_reachable

_URL_SCHEMES = ('http://', 'https://')
_SAFETENSORS = '.safetensors'


class UntrustedCheckpointError(ValueError):
    """A checkpoint holds more than weights and training records."""


class UnreadableCheckpointError(ValueError):
    """A file is no checkpoint, or a damaged one."""


def load_checkpoint_file(path_or_url: str | Path, map_location: Any = 'cpu', trusted: bool = False) -> Any:
    """Reads a checkpoint from disk or from the web.

    Args:
        path_or_url: a file, or an http(s) address, which is downloaded once into torch's hub directory.
        map_location: where tensors go, as :func:`torch.load` takes it.
        trusted: whether to read the file even if it asks for functions outside the allow-list. This may run any code
            that the author of the file put there.

    Returns:
        What was saved, usually a dictionary.

    Raises:
        FileNotFoundError: there is no such file.
        UntrustedCheckpointError: the file needs more than the allow-list and ``trusted`` is false.
        UnreadableCheckpointError: the file is no checkpoint, truncated or damaged.
    """
    location = str(path_or_url)
    path = _download(location) if location.startswith(_URL_SCHEMES) else Path(location).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'checkpoint {path} does not exist')
    return _load(path, location, map_location, trusted)


def install_safe_checkpoint_loading(trusted: bool = False) -> None:
    """Makes every checkpoint that mmengine loads go through :func:`load_checkpoint_file`.

    This covers ``load_from``, ``--resume``, ``init_cfg=dict(type='Pretrained')`` and mmdet's and mmpretrain's
    inference functions, for files, web addresses and mmengine's model names (``torchvision://``, ``open-mmlab://``,
    ``mmcls://``). A later call replaces the setting of an earlier one.

    Args:
        trusted: see :func:`load_checkpoint_file`; the command lines set it with ``--trust-checkpoint``.
    """
    from mmengine.runner.checkpoint import CheckpointLoader

    for prefixes, loader in _scheme_loaders(trusted).items():
        CheckpointLoader.register_scheme(prefixes=list(prefixes), loader=loader, force=True)


def _scheme_loaders(trusted: bool) -> dict[tuple[str, ...], Callable]:
    """One loader for each prefix that mmengine knows; mmengine logs what follows ``load_from_`` in its name."""
    from mmengine.runner import checkpoint as mmengine_checkpoint

    def load_from_local(filename: str, map_location: Any = None) -> Any:
        return load_checkpoint_file(filename, map_location, trusted)

    def load_from_http(filename: str, map_location: Any = None) -> Any:
        return load_checkpoint_file(filename, map_location, trusted)

    def load_from_torchvision(filename: str, map_location: Any = None) -> Any:
        address = _named_model(mmengine_checkpoint.get_torchvision_models(), filename)
        return load_checkpoint_file(address, map_location, trusted)

    def load_from_openmmlab(filename: str, map_location: Any = None) -> Any:
        addresses = mmengine_checkpoint.get_external_models()
        renamed = mmengine_checkpoint.get_deprecated_model_names()
        addresses = {**{old: addresses[new] for old, new in renamed.items() if new in addresses}, **addresses}
        address = _named_model(addresses, filename)
        return load_checkpoint_file(address, map_location, trusted)

    def load_from_mmcls(filename: str, map_location: Any = None) -> Any:
        address = _named_model(mmengine_checkpoint.get_mmcls_models(), filename)
        checkpoint = load_checkpoint_file(address, map_location, trusted)
        weights = checkpoint.get('state_dict', checkpoint)
        prefix = 'backbone.'
        return {'state_dict': {key[len(prefix) :]: weights[key] for key in weights if key.startswith(prefix)}}

    def load_from_storage(filename: str, map_location: Any = None) -> Any:
        from mmengine.fileio import get_file_backend

        data = get_file_backend(filename, backend_args={'backend': 'petrel'}).get(filename)
        return _load(BytesIO(data), filename, map_location, trusted)

    return {
        ('',): load_from_local,
        _URL_SCHEMES: load_from_http,
        ('modelzoo://', 'torchvision://'): load_from_torchvision,
        ('open-mmlab://', 'openmmlab://'): load_from_openmmlab,
        ('mmcls://',): load_from_mmcls,
        (r'(\S+\:)?s3://', r'(\S+\:)?petrel://'): load_from_storage,
        ('pavi://',): _refuse_pavi,
    }


def _refuse_pavi(filename: str, map_location: Any = None) -> Any:
    raise ValueError(f'cannot load {filename}: pavi:// has no public server; give a file or an http(s) address')


def _named_model(addresses: dict[str, str], name: str) -> str:
    model = name.split('://', 1)[1]
    if model not in addresses:
        raise ValueError(f'unknown model name {model!r} in {name!r}; give a file or an http(s) address instead')
    return addresses[model]


def _load(source: Path | BytesIO, location: str, map_location: Any, trusted: bool) -> Any:
    import torch

    if location.endswith(_SAFETENSORS):
        return _load_safetensors(source, location, map_location)
    _require_checkpoint_format(source, location)
    try:
        if trusted:
            return torch.load(source, map_location=map_location, weights_only=False)
        with _allow_listed_globals():
            return torch.load(source, map_location=map_location, weights_only=True)
    except pickle.UnpicklingError as error:
        raise UntrustedCheckpointError(_refusal(location, str(error))) from error
    except (RuntimeError, EOFError, UnicodeDecodeError) as error:
        reason = str(error).split('. ')[0] or type(error).__name__
        raise UnreadableCheckpointError(f'{location} is a damaged checkpoint: {reason}') from error
    except OSError as error:
        if error.filename is not None:  # of the file system, which names the file
            raise
        reason = error.strerror or type(error).__name__
        raise UnreadableCheckpointError(f'{location} is a damaged checkpoint: {reason}') from error


def _load_safetensors(source: Path | BytesIO, location: str, map_location: Any) -> dict[str, Any]:
    """A state dict; the format holds tensors and nothing else."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        weights = load(source.getvalue() if isinstance(source, BytesIO) else source.read_bytes())
    except SafetensorError as error:
        raise UnreadableCheckpointError(f'{location} is a damaged checkpoint: {error}') from error
    return weights if map_location is None else {name: value.to(map_location) for name, value in weights.items()}


def _require_checkpoint_format(source: Path | BytesIO, location: str) -> None:
    if isinstance(source, BytesIO):
        start = source.getbuffer()[:4].tobytes()
    else:
        with source.open('rb') as file:
            start = file.read(4)
    if not start.startswith((b'PK', b'\x80')):
        kind = 'is an empty file' if not start else f'is no PyTorch checkpoint: it starts with {start!r}'
        page = ', as a web page does: the download gave an error page' if start[:1] == b'<' else ''
        raise UnreadableCheckpointError(f'{location} {kind}{page}; give a .pth file that training wrote')


def _refusal(location: str, reason: str) -> str:
    offending = re.search(r'GLOBAL ([\w.]+)', reason)
    if offending is None:
        detail = re.search(r'WeightsUnpickler error:\s*(.+)', reason)
        cause = f'it cannot be read as plain weights ({detail[1].strip() if detail else reason})'
    else:
        cause = f'reading it would use {offending[1]!r}, which is not on the allow-list'
    return (
        f'refused to open checkpoint {location}: {cause}. Such a file can run any code on this machine. If you know '
        f'where it comes from and trust it, open it with --trust-checkpoint.'
    )


def _download(url: str) -> Path:
    """Fetches a file once a machine; in distributed jobs the first process of each machine does it."""
    import torch
    from mmengine.dist import barrier

    path = Path(torch.hub.get_dir(), 'checkpoints', os.path.basename(urlparse(url).path))
    if os.environ.get('LOCAL_RANK', '0') == '0' and not path.exists():
        require_reachable(
            url, f'the weights {path.name}', f'on a machine with network, download {url} and copy it to {path}'
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path))
    barrier()
    return path


@contextmanager
def _allow_listed_globals() -> Iterator[None]:
    import torch

    serialization = torch.serialization
    if hasattr(serialization, 'safe_globals'):
        with serialization.safe_globals(checkpoint_allow_list()):
            yield
        return
    # torch 2.4 knows no context manager
    before = list(serialization.get_safe_globals())
    serialization.add_safe_globals(checkpoint_allow_list())
    try:
        yield
    finally:
        serialization.clear_safe_globals()
        serialization.add_safe_globals(before)
