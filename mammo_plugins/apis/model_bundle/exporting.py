"""From a config and a checkpoint to one file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from mammo_plugins.apis.inference import build_detector
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.io.model_bundle import (
    CARD,
    CONFIG,
    LICENSE,
    METADATA,
    METRICS,
    THRESHOLDS,
    WEIGHTS,
    BundleError,
    write_bundle,
)

from .about import BLANK, ModelAbout
from .bundle_config import bundle_config
from .metadata import bundle_metadata
from .model_card import model_card
from .operating_points import OperatingPoint, thresholds_content


@dataclass(frozen=True)
class ExportedModel:
    """What was written.

    Attributes:
        path: the zip.
        digest: of the model.
        blanks: fields that a person has to fill.
    """

    path: Path
    digest: str
    blanks: list[str]


def export_model(
    config: str | Path,
    checkpoint: str | Path,
    out: str | Path,
    about: ModelAbout,
    *,
    points: Sequence[OperatingPoint] = (),
    metrics: Mapping[str, str | Path] | None = None,
    license_file: str | Path | None = None,
    half: bool = False,
    cfg_options: dict | None = None,
    trust_checkpoint: bool = False,
) -> ExportedModel:
    """Puts a trained model into one file, see :mod:`mammo_plugins.io.model_bundle`. Equal input gives equal bytes.

    Args:
        config: path or name of the config that the checkpoint was trained with.
        checkpoint: weights, a path or URL; must be exactly those of the model.
        out: the zip.
        about: what a person says about it.
        points: thresholds.
        metrics: title to a file that ``mammo evaluate --json`` wrote.
        license_file: the text of the licence.
        half: store weights with 16 bits; computing has 32 again.
        cfg_options, trust_checkpoint: see :func:`~mammo_plugins.apis.run_config.load_run_config`.

    Raises:
        FileNotFoundError: a file does not exist.
        ValueError: config, checkpoint or metrics do not fit together, or a weight is too large for 16 bits.
    """
    cfg = load_run_config(config, cfg_options=cfg_options, trust_checkpoint=trust_checkpoint)
    fields = bundle_config(cfg)
    model = build_detector(cfg, checkpoint, 'cpu')
    weights = {name: _stored(name, value, half) for name, value in model.state_dict().items()}
    numbers = sum(value.numel() for value in model.parameters())
    metadata = bundle_metadata(about, fields, numbers, 'float16' if half else 'float32')
    measured = {title: _read_metrics(path) for title, path in (metrics or {}).items()}
    terms = Path(license_file).read_bytes() if license_file else f'License: {about.license or BLANK}\n'.encode()
    files = {
        CONFIG: _json(fields),
        WEIGHTS: save(weights),
        METADATA: _json(metadata),
        THRESHOLDS: _json(thresholds_content(points)),
        CARD: model_card(about, metadata, points, measured).encode(),
        LICENSE: terms,
        **({METRICS: _json(measured)} if measured else {}),
    }
    return ExportedModel(
        Path(out), write_bundle(out, files), [name for name, value in metadata.items() if value == BLANK]
    )


def _stored(name: str, value: Tensor, half: bool) -> Tensor:
    value = value.detach().cpu().contiguous().clone()  # the format holds no memory that two weights share
    if not (half and value.dtype == torch.float32):
        return value
    stored = value.half()
    if not torch.isfinite(stored).all():
        raise BundleError(f'{name} reaches {value.abs().max():g}, which 16 bits do not hold: export without --half')
    return stored


def _read_metrics(path: str | Path) -> dict[str, Any]:
    """Settings, numbers and counts of an evaluation, without its curves."""
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
        return {
            'settings': content['settings'],
            'results': {
                name: {part: result[part] for part in ('metrics', 'counts', 'notes') if part in result}
                for name, result in content['results'].items()
            },
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f'{path} is not what "mammo evaluate --json" writes: {error!r}') from error


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=1) + '\n').encode()
