"""Tables of vendors, spacings, storage, views and box sizes."""

from __future__ import annotations

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from pydicom.uid import UID

from .audited_image import AuditedImage, modality_columns
from .box_checks import box_size_mm
from .image_facts import ImageFacts

Row = dict[str, str]

_SHOWN = 3  # values of a cell; the others are counted


def vendor_rows(images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts]) -> list[Row]:
    """One row a vendor and modality: counts, spacings, sizes and how the pixels are stored."""
    groups: dict[tuple[str, str], list[AuditedImage]] = defaultdict(list)
    for image in images:
        groups[image.record.manufacturer, image.record.modality_text].append(image)
    rows = []
    for (vendor, modality), group in sorted(groups.items()):
        headers = [header for image in group if (header := facts[image.record.id].header)]
        rows.append(
            {
                'Manufacturer': vendor or 'unknown',
                'Modality': modality,
                'Images': str(len(group)),
                'Patients': str(len({image.record.patient_id for image in group})),
                'Pixel spacing, mm': _counted(_spacing(image) for image in group),
                'Slice spacing, mm': _counted(_slice_spacing(image) for image in group) if modality == 'DBT' else '',
                'Size': _counted(f'{image.record.width} x {image.record.height}' for image in group),
                'Bits': _counted(str(header.bits_stored) for header in headers),
                'Polarity': _counted(header.photometric_interpretation for header in headers),
                'Shown by': _counted(facts[image.record.id].voi for image in group if facts[image.record.id].header),
                'Stored as': _counted(_syntax(header.transfer_syntax_uid) for header in headers),
            }
        )
    return rows


def view_rows(images: Sequence[AuditedImage]) -> list[Row]:
    """One row a view: images by modality."""
    counts = Counter((image.record.view, image.record.modality_text) for image in images)
    modalities = modality_columns(images)
    return [
        {'View': view, **{modality: str(counts[view, modality]) for modality in modalities}}
        for view in sorted({view for view, _ in counts})
    ]


def box_size_rows(images: Sequence[AuditedImage]) -> list[Row]:
    """One row a category and type of finding: boxes, and quantiles of their longer side."""
    sides: dict[tuple[str, str], list[float | None]] = defaultdict(list)
    for image in images:
        for finding in image.findings:
            size_mm = box_size_mm(finding, image.record)
            kind = str(finding.attributes.get('type') or 'unknown')
            sides[finding.category, kind].append(None if size_mm is None else max(size_mm))
    rows = []
    for (category, kind), found in sorted(sides.items()):
        known = sorted(side for side in found if side is not None)
        numbers = [known[0], statistics.median(known), known[-1]] if known else []
        rows.append(
            {
                'Category': category,
                'Type': kind,
                'Boxes': str(len(found)),
                'Without spacing': str(len(found) - len(known)),
                **{
                    f'{name} side, mm': f'{number:.1f}'
                    for name, number in zip(('Shortest', 'Median', 'Longest'), numbers or ())
                },
            }
        )
    return rows


def _spacing(image: AuditedImage) -> str:
    spacing = image.record.spacing_mm
    return 'unknown' if spacing is None else ' x '.join(dict.fromkeys(f'{value:.4g}' for value in spacing))


def _slice_spacing(image: AuditedImage) -> str:
    spacing = image.record.slice_spacing_mm
    return 'unknown' if spacing is None else f'{spacing:.2g}'


def _syntax(uid: str) -> str:
    """A short name of a transfer syntax, such as ``JPEG 2000 Image Compression``."""
    return re.split(r'[,(]', UID(uid).name)[0].strip() if uid else 'PNG'


def _counted(values: Iterable[str]) -> str:
    """The most frequent values, with their counts where there are several."""
    counts = Counter(values).most_common()
    if len(counts) <= 1:
        return counts[0][0] if counts else ''
    shown = [f'{value} ({count})' for value, count in counts[:_SHOWN]]
    return ', '.join(shown) + (f', {len(counts) - _SHOWN} more' if len(counts) > _SHOWN else '')
