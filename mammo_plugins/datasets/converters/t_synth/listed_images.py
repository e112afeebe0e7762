"""Images of a copy of T-SYNTH, and whether their examples have a mass."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..conversion_report import ConversionReport
from ..release_files import ReleaseFiles
from ..release_table import RowError
from .examples import Example, read_example

_IMAGE = re.compile(r'(reconstruction|projection_DM)\d+\.mhd')


@dataclass(frozen=True)
class ListedImage:
    """An image of the release.

    Attributes:
        where: its path below the folder of the release.
        loc: the file of its masses, or None.
    """

    where: str
    path: Path
    example: Example
    loc: Path | None


def list_images(files: ReleaseFiles, splits: Sequence[str] | None, report: ConversionReport) -> list[ListedImage]:
    """Images of the wanted splits; other MetaImage files, such as the phantoms themselves, are listed as left out.

    Raises:
        ConversionError: there is no MetaImage file at all.
    """
    headers = [file for file in files.files if file.suffix.lower() == '.mhd']
    if not headers:
        packed = next((f'unpack {file.name}' for file in files.files if file.suffix == '.zip'), 'download T-SYNTH')
        raise files.refusal(f'holds no .mhd file: {packed} into this folder')
    known, root = set(files.files), files.src.resolve()
    listed = []
    for path in headers:
        where = path.relative_to(files.src)
        try:
            if not _IMAGE.fullmatch(path.name):
                raise RowError('is neither a reconstruction nor a projection_DM, by its name')
            example = read_example(root / where)
            split = example.split
        except RowError as error:
            report.drop(where.as_posix(), str(error), 'images')
            continue
        if splits is None or split in splits:
            loc = path.with_suffix('.loc')
            listed.append(ListedImage(where.as_posix(), path, example, loc if loc in known else None))
    return listed


def tell_masses(listed: Sequence[ListedImage], report: ConversionReport) -> dict[Example, bool | None]:
    """Whether each example has a mass; None where its number and its ``.loc`` files disagree."""
    marked: dict[Example, list[ListedImage]] = defaultdict(list)
    first: dict[Example, ListedImage] = {}
    for image in listed:
        first.setdefault(image.example, image)
        if image.loc is not None:
            marked[image.example].append(image)
    told: dict[Example, bool | None] = {}
    for example, image in first.items():
        told[example] = example.has_mass_by_number
        if example.has_mass_by_number != bool(marked[example]):
            told[example] = None
            reason = f'example {example.number} should have a mass, and none of its images has a .loc file'
            if marked[example]:
                reason = f'example {example.number} should have no mass, and {marked[example][0].loc.name} names one'
            report.note(image.where, f'{reason}: no label and no split', 'examples_of_unknown_outcome')
    return told
