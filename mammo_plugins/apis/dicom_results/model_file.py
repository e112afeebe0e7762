"""Which model made the predictions of a folder: ``model.json`` beside them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from mammo_plugins.io.dicom_out.study_results import Model
from mammo_plugins.io.whole_file import write_whole

if TYPE_CHECKING:
    from torch import nn

MODEL_FILE = 'model.json'


def weights_digest(model: nn.Module) -> str:
    """SHA-256 over names, types, shapes and values of the weights, wherever they were loaded from."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        values = tensor.detach().cpu().contiguous()
        digest.update(f'{name} {values.dtype} {tuple(values.shape)}\0'.encode())
        digest.update(values.reshape(-1).view(dtype=_bytes_type()).numpy().tobytes())
    return digest.hexdigest()


def _bytes_type() -> object:
    import torch  # only here: files are read without it

    return torch.uint8


def write_model_file(out: str | Path, model: Model) -> None:
    """Writes name and digest."""
    write_whole(Path(out) / MODEL_FILE, json.dumps({'name': model.name, 'digest': model.digest}, indent=1) + '\n')


def read_model_file(out: str | Path) -> Model:
    """The model of a folder of predictions.

    Raises:
        ValueError: there is no such file, or it does not tell.
    """
    path = Path(out) / MODEL_FILE
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        return Model(str(content['name']), str(content['digest']))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f'{path} does not tell which model made the predictions ({type(error).__name__}): run "mammo predict" into '
            'this folder'
        ) from error
