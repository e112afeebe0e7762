"""An archive of small studies, and models that predict it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.apis.beyond_boxes.conftest import trained  # noqa: F401 - a fixture
from tests.io.dicom_builder import mammogram, save

NUM_STUDIES = 7


def write_study(folder: Path, number: int, views: tuple[str, ...] = ('L-CC', 'L-MLO'), **elements: str) -> None:
    """Mammograms of a study, no two of which have the same pixels."""
    rng = np.random.default_rng(number)
    for view in views:
        side, position = view.split('-')
        pixels = np.zeros((96, 64), np.uint16)
        breast = rng.integers(1500, 3000, (76, 40))
        pixels[10:86, slice(0, 40) if side == 'L' else slice(24, 64)] = breast
        ids = {'PatientID': f'P{number}', 'StudyInstanceUID': f'1.2.826.0.1.3680043.8.498.4711{number}', **elements}
        save(mammogram(pixels, ImageLaterality=side, ViewPosition=position, **ids), folder / f'{view}.dcm')


@pytest.fixture(name='archive', scope='session')
def archive_fixture(tmp_path_factory) -> Path:
    """Seven studies of two views in a folder each, the third of one view, and a file that is no image."""
    root = tmp_path_factory.mktemp('archive')
    for number in range(1, NUM_STUDIES + 1):
        write_study(root / f's{number}', number, ('L-CC',) if number == 3 else ('L-CC', 'L-MLO'))
    (root / 'notes.txt').write_text('no image')
    return root


@pytest.fixture(name='mapper', scope='session')
def mapper_fixture(trained) -> dict[str, str]:  # noqa: F811
    """Config and checkpoint of a model that gives maps and labels."""
    config, checkpoint = trained('maps')
    return {'config': str(config), 'checkpoint': str(checkpoint)}
