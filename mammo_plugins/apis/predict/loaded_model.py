"""A model that is built once and stays, whatever it predicts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from mmengine.config import Config
from torch import nn

from mammo_plugins.apis.inference import build_detector
from mammo_plugins.apis.run_config import load_run_config

from .modalities import modalities_to_read


class LoadedModel:
    """Config and detector; each is made when it is first asked for.

    Args:
        config, checkpoint, device, cfg_options, trust_checkpoint: see :func:`~.prediction.predict`.
        work_dir: of the config.
    """

    def __init__(
        self,
        config: str | Path,
        checkpoint: str | Path,
        device: str | None = None,
        cfg_options: Mapping[str, Any] | None = None,
        trust_checkpoint: bool = False,
        work_dir: str | Path | None = None,
    ) -> None:
        self._config, self._checkpoint, self._device = config, checkpoint, device
        self._options = {
            'work_dir': work_dir,
            'cfg_options': dict(cfg_options or {}),
            'trust_checkpoint': trust_checkpoint,
        }

    @cached_property
    def cfg(self) -> Config:
        """The config."""
        return load_run_config(self._config, **self._options)

    @cached_property
    def detector(self) -> nn.Module:
        """The model with its weights, on its device."""
        return build_detector(self.cfg, self._checkpoint, self._device)

    @cached_property
    def modality(self) -> list[str] | None:
        """Modalities that it reads; None for all."""
        return modalities_to_read(self.cfg, self.detector)
