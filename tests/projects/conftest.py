"""Registers the models, as for their own tests."""

from tests.models.conftest import _no_initialisation_report, _seed  # noqa: F401
