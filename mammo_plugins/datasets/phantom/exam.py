"""One exam as a hospital sends it: DICOM files with plain names, no tables and no oddities."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from .bcs_dbt_release import FindingRow
from .patient_writer import write_patient
from .release_plan import BreastPlan, PatientPlan
from .settings import PhantomSettings, QuirkSettings

_FIRST_NUMBER, _NUMBERS = 90000, 10000
"""Numbers of the patients, apart from those of releases, so that no image of one has the UID of another."""


def write_exam(
    folder: Path, settings: PhantomSettings, seed: int, modalities: Sequence[str] = ('FFDM',)
) -> list[FindingRow]:
    """Writes the two views of both breasts: a malignant finding in one breast, a benign one in the other.

    Args:
        folder: made if missing; must be empty. Gets ``image-01.dcm`` and so on, in the order of the series.
        settings: what to make; its quirks are left out, and volumes state where their slices lie.
        seed: of everything random, the identifiers included.
        modalities: which of ``FFDM``, ``DBT`` and ``SM`` to write of each view.

    Returns:
        The findings, one entry an image that shows it.

    Raises:
        ValueError: the folder holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f'{folder} is not empty: give a new folder, or delete this one first')
    settings = replace(
        settings,
        quirks=QuirkSettings(wrong_laterality_share=0, repeated_view_share=0, missing_spacing_share=0),
        imaging=replace(settings.imaging, placed=True),
    )
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f'.{folder.name}-') as source:
        record = write_patient(Path(source), settings, seed, _plan(settings, seed))
        images = [image for image in record.images if image.modality in modalities]
        for number, image in enumerate(images, start=1):
            shutil.move(Path(source, image.path), folder / f'image-{number:02d}.dcm')
    return [finding for finding in record.findings if finding.modality in modalities]


def _plan(settings: PhantomSettings, seed: int) -> PatientPlan:
    own, patient = np.random.SeedSequence(seed).spawn(2)
    rng = np.random.default_rng(own)
    density = 'ABCD'[rng.choice(4, p=np.divide(settings.density_mix, np.sum(settings.density_mix)))]
    vendor = settings.vendors[int(rng.integers(len(settings.vendors)))]
    left_malignant = bool(rng.integers(2))
    return PatientPlan(
        number=_FIRST_NUMBER + seed % _NUMBERS,
        split='test',
        density=density,
        vendor=vendor,
        breasts=(BreastPlan('L', (left_malignant,), True), BreastPlan('R', (not left_malignant,), True)),
        seeds=patient,
    )
