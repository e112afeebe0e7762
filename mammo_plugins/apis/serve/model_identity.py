"""Which model a service runs, without loading it."""

from __future__ import annotations

from dataclasses import dataclass

from mammo_plugins.apis.dicom_results import DicomRequest
from mammo_plugins.apis.model_bundle import find_bundle
from mammo_plugins.io.dicom_out.result_settings import complete_settings

from .settings import Results


@dataclass(frozen=True)
class ModelIdentity:
    """A model as it lies on disk now.

    Attributes:
        name, digest: of the model.
        operating_points: scores that go with it.
    """

    name: str
    digest: str
    operating_points: tuple[float, ...] = ()

    def request(self, results: Results) -> DicomRequest:
        """What is written of a study that it could not predict."""
        settings = complete_settings(results.settings, self.operating_points)
        return DicomRequest.of_run({'config': self.name, 'weights': self.digest}, results.kinds, settings)


def identify_model(name: str) -> ModelIdentity:
    """The model of a name or zip.

    Raises:
        FileNotFoundError: there is none.
        ValueError: the file is no bundle.
    """
    bundle = find_bundle(name)
    points = tuple(point['score'] for point in bundle.thresholds() if point['score'] is not None)
    return ModelIdentity(bundle.name, bundle.digest, points)
