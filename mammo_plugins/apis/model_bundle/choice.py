"""Which model a command runs: a bundle, or a config with a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .bundle_config import check_bundle_config
from .installed import Bundle, find_bundle, unpack_model


@dataclass(frozen=True)
class ModelChoice:
    """A model to run.

    Attributes:
        config: path or name of its config.
        checkpoint: its weights.
        bundle: where they are from; None where they were named.
    """

    config: str | Path
    checkpoint: str | Path
    bundle: Bundle | None = None

    def description(self, weights: str = '') -> dict[str, str]:
        """What a record of a run says of the model.

        Args:
            weights: digest of the checkpoint, of a model that is no bundle.
        """
        if self.bundle is None:
            return {'config': Path(self.config).name, 'checkpoint': Path(self.checkpoint).name, 'weights': weights}
        return {'name': self.bundle.name, 'version': self.bundle.metadata['version'], 'digest': self.bundle.digest}

    @property
    def notes(self) -> list[str]:
        """What every output says of the model."""
        if self.bundle is None:
            return []
        limits = self.bundle.metadata.get('limitations') or 'its limitations were not written down'
        return [f'Model {self.bundle.name} {self.bundle.metadata["version"]} ({self.bundle.digest[:12]}): {limits}']


def choose_model(
    model: str | Path | None,
    config: str | Path | None = None,
    checkpoint: str | Path | None = None,
    trusted: bool = False,
) -> ModelChoice:
    """The model that was named one way or the other.

    Args:
        model: name or zip of a bundle.
        config, checkpoint: in its place.
        trusted: allow a bundle whose config imports other packages.

    Raises:
        ValueError: both ways or neither are used, or the bundle is not as it was exported.
        FileNotFoundError: there is no such model.
    """
    if model is not None and (config is not None or checkpoint is not None):
        raise ValueError(f'model {model} has a config and weights of its own: leave config and checkpoint out')
    if model is None:
        if config is None or checkpoint is None:
            raise ValueError('name a model: --model NAME_OR_ZIP (see "mammo model list"), or a config and a checkpoint')
        return ModelChoice(config, checkpoint)
    unpacked = unpack_model(find_bundle(model))
    check_bundle_config(unpacked.config, trusted)
    return ModelChoice(unpacked.config, unpacked.checkpoint, unpacked.bundle)
