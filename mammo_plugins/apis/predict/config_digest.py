"""A digest of what a config decides about predictions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

_NO_DECISION = ('ann_file', 'data_root', 'volume_cache', 'cache_in_memory')  # where images lie, and where they are kept


def digest_config(cfg: Config) -> str:
    """SHA-256 over the model and the test data set of a config, wherever the config lies.

    Args:
        cfg: from :func:`~mammo_plugins.apis.run_config.load_run_config`, with what the command line overrides.
    """
    fields: Mapping[str, Any] = cfg.to_dict()
    dataset = {name: value for name, value in fields['test_dataloader']['dataset'].items() if name not in _NO_DECISION}
    decides = {name: fields.get(name) for name in ('default_scope', 'custom_imports', 'model')}
    text = json.dumps({**decides, 'dataset': dataset}, sort_keys=True, default=_name)
    return hashlib.sha256(text.encode()).hexdigest()


def _name(value: Any) -> str:
    """A class or function by its name, which is the same in every process, anything else as it prints."""
    return f'{value.__module__}.{value.__qualname__}' if hasattr(value, '__qualname__') else repr(value)
