"""Phantoms as a T-SYNTH release: mammogram, tomosynthesis and C-View as MetaImage, places and masks of the masses.

Folders, file names, headers and oddities are those of the VICTRE pipeline and of the release, as far as its code and
data card show them (see ``docs/datasets/t-synth.md``).

Source: DIDSR/VICTRE_PIPELINE (Constants.MHD_FILE, Pipeline.py); DIDSR/tsynth-release (custom_datasets.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from mammo_plugins.io.image_source import open_image

from ..bcs_dbt_release import FindingRow, ImageRow
from ..ground_truth import StoredOrientation
from .release_rows import pair_with_findings

MASS, GLAND = 200, 29
RADII_MM = ('5.0', '7.0', '9.0')
MASS_DENSITIES = ('1.0', '1.06', '1.1')

_DENSITIES = {'A': 'fatty', 'B': 'scattered', 'C': 'hetero', 'D': 'dense'}
_SMALL_BREASTS = ('hetero', 'dense')  # without masses of 9 mm
_FIRST_NUMBERS = {'train': 1, 'validation': 201, 'test': 251}
_SPICULATED = 2
_MODALITIES = ('DBT', 'FFDM', 'SM')
_CVIEWS = 'cview/output_cview_det_Victre'
_HEADER = """ObjectType = Image
NDims = {dimensions}
BinaryData = True
BinaryDataByteOrderMSB = False
CompressedData = False
TransformMatrix = 1 0 0 0 1 0 0 0 1
Offset = 0 0 0
CenterOfRotation = 0 0 0
ElementSpacing = {spacing}
DimSize = {sizes}
AnatomicalOrientation = ???
ElementType = {kind}
ObjectType = Image
ElementDataFile = {data}"""

Breast = dict[str, tuple[ImageRow, list[FindingRow]]]
"""Modality to the craniocaudal image and its findings."""


def write_t_synth(
    source: Path, folder: Path, images: Sequence[ImageRow], findings: Sequence[FindingRow], seed: int
) -> None:
    """Writes craniocaudal views of a phantom release as T-SYNTH: each breast is an example of its own.

    Breasts with one malignant mass get odd numbers and breasts without a finding even ones, in the ranges of the
    splits; the others are left out, since the release has none like them. All are stored with the chest wall at the
    left in the upright frame. Planted quirks: slices on their side; a second image behind each projection; the volume's
    header beside a C-View; a place without a mass (negative type) behind that of the mass.

    Args:
        source: the phantom release.
        folder: empty folder to fill.
        images, findings: rows of the phantom release; oblique views and repeats are left out.
        seed: of the masses that the folders name.

    Raises:
        ModuleNotFoundError: h5py is not installed.
    """
    import h5py  # noqa: F401  (before anything is written)

    rng = np.random.default_rng(seed)
    counts: dict[tuple[str, bool], int] = defaultdict(int)
    for breast in _breasts(images, findings):
        row, found = breast['FFDM']
        has_mass = bool(found)
        count = counts[row.split, has_mass]
        counts[row.split, has_mass] += 1
        # Odd numbers have a mass; the ranges of the splits all begin with an odd one.
        number = _FIRST_NUMBERS[row.split] + 2 * count + (not has_mass)
        _write_example(source, folder, number, breast, rng)


def _breasts(images: Sequence[ImageRow], findings: Sequence[FindingRow]) -> Iterator[Breast]:
    """Those that the release could have, in the order of the phantoms."""
    views: dict[tuple[str, str], Breast] = defaultdict(dict)
    others = {(row.patient_id, row.view[0]) for row in findings if (row.malignancy, row.type) != ('malignant', 'mass')}
    for row, found in pair_with_findings(images, findings, _MODALITIES):
        if row.view in ('lcc', 'rcc'):
            views[row.patient_id, row.view[0]][row.modality] = row, found
    for key, breast in views.items():
        row, found = breast['FFDM']
        is_hidden = bool(row.malignant or row.benign) and not found
        if key not in others and len(found) <= 1 and not is_hidden and len(breast) == len(_MODALITIES):
            yield breast


def _write_example(source: Path, folder: Path, number: int, breast: Breast, rng: np.random.Generator) -> None:
    row, found = breast['FFDM']
    density = _DENSITIES[row.density]
    mass_density = MASS_DENSITIES[int(rng.integers(len(MASS_DENSITIES)))]
    spacing_mm = open_image(source / row.path).header.spacing_mm
    radius = _nearest_radius(found[0].width * spacing_mm[1] / 2 if found else 5.0, density)
    cohort = f'device_data_VICTREPhantoms_spic_{mass_density}/{density}/2/{radius}/SIM'
    place = f'{cohort}/D2_{radius}_{density}.{number}/{number}'
    volumes, cviews = folder / place, folder / _CVIEWS / place
    for target in (volumes, cviews):
        target.mkdir(parents=True)
    _write_projection(source, volumes / f'projection_DM{number}', *breast['FFDM'])
    _write_volume(source, volumes / f'reconstruction{number}', *breast['DBT'], spacing_mm)
    _write_cview(source, cviews / f'reconstruction{number}', breast['SM'], breast['DBT'])


def _nearest_radius(radius_mm: float, density: str) -> str:
    radii = RADII_MM[:2] if density in _SMALL_BREASTS else RADII_MM
    return min(radii, key=lambda radius: abs(float(radius) - radius_mm))


def _orientation(row: ImageRow) -> StoredOrientation:
    """What turns the stored phantom so that its chest wall is left, as it was before it was stored."""
    return StoredOrientation(row.view[0] == 'r', bool(row.rotated_180))


def _upright_slices(source: Path, row: ImageRow) -> Iterator[np.ndarray]:
    for pixels in open_image(source / row.path).iter_slices(voi='none'):
        yield _orientation(row).turn(pixels)


def _on_side(upright: np.ndarray) -> np.ndarray:
    """A picture (X, Y) as VICTRE stores it: Y rows of X values."""
    return np.ascontiguousarray(upright[::-1].T)


def _middle(row: ImageRow, finding: FindingRow) -> tuple[int, int]:
    """(x, y) of the value at the middle of a finding, in a slice on its side."""
    box = (finding.x, finding.y, finding.width, finding.height)
    left, top, width, height = _orientation(row).turn_box(box, row.width, row.height)
    return row.height - 1 - int(top + height / 2), int(left + width / 2)


def _write_projection(source: Path, stem: Path, row: ImageRow, found: list[FindingRow]) -> None:
    (pixels,) = _upright_slices(source, row)
    image = _on_side(1 + 5 * pixels).astype('<f4')
    np.stack([image, 0.1 * image]).tofile(f'{stem}.raw')
    spacing_mm = open_image(source / row.path).header.spacing_mm
    _write_header(stem, (row.height, row.width), spacing_mm, 'MET_FLOAT')
    places = [_middle(row, finding) for finding in found]
    _write_places(stem, [f'{y} {x} {_SPICULATED}' for x, y in places], f'3 3 {-_SPICULATED}')


def _write_volume(
    source: Path, stem: Path, row: ImageRow, found: list[FindingRow], spacing_mm: tuple[float, float]
) -> None:
    header = open_image(source / row.path).header
    with stem.with_name(f'{stem.name}.raw').open('wb') as file:
        for pixels in _upright_slices(source, row):
            file.write(_on_side(0.1 * pixels.astype('<f8')).tobytes())
    between = header.slice_spacing_mm or 1.0
    _write_header(stem, (row.height, row.width, row.num_slices), (*spacing_mm, between), 'MET_DOUBLE')
    _write_volume_places(stem, row, found)
    if found:
        mask = np.full((row.num_slices, row.width, row.height), GLAND, np.uint8)
        mask[found[0].first_slice : found[0].last_slice + 1, _on_side(_read_mask(source, row, found[0]))] = MASS
        _write_mask(stem, mask)


def _write_cview(
    source: Path, stem: Path, cview: tuple[ImageRow, list[FindingRow]], volume: tuple[ImageRow, list[FindingRow]]
) -> None:
    """The image stands upright, its header and place are those of the volume, in the C-View's own pixels."""
    row, found = cview
    (pixels,) = _upright_slices(source, row)
    np.ascontiguousarray(pixels, '<f4').tofile(f'{stem}.raw')
    spacing_mm = open_image(source / row.path).header.spacing_mm
    _write_header(stem, (row.height, row.width, volume[0].num_slices), (*spacing_mm, 1.0), 'MET_DOUBLE')
    in_volume = {finding.finding_id: finding.slice for finding in volume[1]}
    _write_volume_places(stem, row, found, in_volume)
    if found:
        marked = _read_mask(source, row, found[0])
        _write_mask(stem, np.where(marked, np.uint8(MASS), np.uint8(GLAND)))


def _write_volume_places(
    stem: Path, row: ImageRow, found: list[FindingRow], slices: dict[str, int] | None = None
) -> None:
    lines = []
    for finding in found:
        x, y = _middle(row, finding)
        lines.append(f'{x} {y} {finding.slice if slices is None else slices[finding.finding_id]} {_SPICULATED}')
    _write_places(stem, lines, f'3 3 0 {-_SPICULATED}')


def _write_places(stem: Path, lines: list[str], without_mass: str) -> None:
    if lines:
        stem.with_name(f'{stem.name}.loc').write_text('\n'.join([*lines, without_mass]) + '\n', encoding='ascii')


def _read_mask(source: Path, row: ImageRow, finding: FindingRow) -> np.ndarray:
    """(H, W) bool, upright."""
    with Image.open(source / finding.mask) as picture:
        return _orientation(row).turn(np.asarray(picture) > 0)


def _write_mask(stem: Path, tissue: np.ndarray) -> None:
    import h5py

    name = stem.name.replace('reconstruction', 'reconstruction_mask')
    with h5py.File(stem.with_name(f'{name}.h5'), 'w') as file:
        file.create_dataset('dbt', data=tissue, compression='gzip')


def _write_header(stem: Path, sizes: tuple[int, ...], spacing_mm: tuple[float, ...], kind: str) -> None:
    """The header of an image whose upright frame has the first size as its rows."""
    text = _HEADER.format(
        dimensions=len(sizes),
        spacing=' '.join(f'{value:g}' for value in spacing_mm),
        sizes=' '.join(map(str, sizes)),
        kind=kind,
        data=f'{stem.name}.raw',
    )
    stem.with_name(f'{stem.name}.mhd').write_text(text, encoding='ascii')
