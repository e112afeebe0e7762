"""Fixtures for the whole suite."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

# Test processes run side by side: one thread each is faster than all competing. Set before torch is imported.
os.environ.setdefault('OMP_NUM_THREADS', '1')
os.environ.setdefault('MPLBACKEND', 'Agg')

import pytest

if TYPE_CHECKING:
    from tests.dicom_archive import Orthanc

REPOSITORY = Path(__file__).resolve().parents[1]

# Left out by `make check`: they train, start processes or make many phantoms. A test file of its own may say
# `pytestmark = pytest.mark.slow` instead.
SLOW = (
    'apis',
    'compat/mmcv_ops/test_installation.py',
    'datasets/converters',
    'datasets/phantom',
    'datasets/styles/test_style_pair_dataset.py',
    'datasets/test_case_kinds.py',
    'datasets/test_case_sampler.py',
    'datasets/test_light_imports.py',
    'dicom_archive',
    'dicom_validation',
    'docs/test_site.py',
    'engine/optim',
    'fuzz',
    'models/detectors',
    'models/pretraining/test_contrastive_pretraining.py',
    'models/roi_heads',
    'models/slice_fusion/test_trained_fusions.py',
    'models/translation/test_cycle_gan.py',
    'projects',
    'test_privacy.py',
    'test_wheel.py',
    'tools',
)
# Left out by `make test`, done by `make test-exhaustive`: whole plans and studies in miniature, every command of the
# pages, a training step of each ready detector and release, benchmarks, wheels.
EXHAUSTIVE = (
    'apis/evidence/test_docs.py',
    'apis/export',
    'apis/pages',
    'apis/predict/test_documentation.py',
    'apis/study/test_run.py',
    'apis/study/test_training_steps.py',
    'apis/test_releases.py',
    'apis/train/test_mmdet_detectors.py',
    'projects/disasymnet/test_plan.py',
    'projects/glam/test_steps.py',
    'projects/msvcl/test_plan.py',
    'projects/sm_ffdm_fusion/test_plan.py',
    'test_wheel.py',
    'tools/test_benchmarks.py',
)
# Of the slow ones, what needs no training.
QUICK = ('apis/evaluate', 'apis/convert', 'models/detectors/test_slice_merging.py')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the slow and the exhaustive tests."""
    folder = REPOSITORY / 'tests'
    slow, quick, exhaustive = ({folder / name for name in names} for names in (SLOW, QUICK, EXHAUSTIVE))
    for item in items:
        places = {item.path, *item.path.parents}
        if places & slow and not places & quick:
            item.add_marker('slow')
        if places & exhaustive:
            item.add_marker('exhaustive')


@pytest.fixture(scope='session')
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope='session')
def real_data() -> Path:
    """Folder of real images and headers, which are no part of the repository; skips where it is absent."""
    folder = REPOSITORY.parent / 'shared' / 'data'
    if not folder.is_dir():
        pytest.skip(f'no real data in {folder}')
    return folder


@pytest.fixture(scope='module')
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """An empty archive for the tests of a file; skips where it is not installed."""
    from tests.dicom_archive import running_orthanc

    with running_orthanc(tmp_path_factory.mktemp('orthanc')) as archive:
        yield archive


@pytest.fixture(scope='session', autouse=True)
def plain_config_files() -> None:
    """Configs are written without YAPF, which takes half a second of each training in log, checkpoint and file."""
    from mmengine.config import config

    config.FormatCode = lambda text, **_: (text, False)


@pytest.fixture(autouse=True)
def project_scope() -> None:
    """Starts each test in this project's registry scope: a runner of an earlier test may have left another."""
    if 'mmengine.registry' in sys.modules:
        from mmengine.registry import init_default_scope

        init_default_scope('mmdet')
