"""Whether a file can be used, decided from its facts: what `mammo audit` reports and `mammo predict` acts upon."""

from __future__ import annotations

from dataclasses import dataclass

from mammo_plugins.io.mammogram_header import MammogramHeader
from mammo_plugins.structures import Laterality, ViewKey

from .audit_thresholds import AuditThresholds
from .image_facts import ImageFacts, PixelFacts


@dataclass(frozen=True)
class FileVerdict:
    """What to do with a file.

    Attributes:
        left_out: why it is no image to find lesions in, or None.
        special: why it shows a part of a breast at another scale, or None; kept in data sets, not predicted.
        doubts: what is odd about an image that can be used.
    """

    left_out: str | None = None
    special: str | None = None
    doubts: tuple[str, ...] = ()


def judge_file(
    facts: ImageFacts, thresholds: AuditThresholds, known_turned: bool | None = None, view: ViewKey | None = None
) -> FileVerdict:
    """The verdict on a file by its header and, where they were looked at, its pixels.

    Args:
        facts: what it holds.
        thresholds: limits.
        known_turned: whether an annotation file says that it is stored turned by 180 degrees; None where none does.
        view: of an annotation file; the header's where None.
    """
    header, pixels = facts.header, facts.pixels
    if header is None:
        return FileVerdict(facts.problem or 'cannot be read')
    if reason := header.unfit or facts.problem or _blank(pixels) or (pixels and pixels.way_up_problem):
        return FileVerdict(reason)
    doubts = list(header.doubts)
    if header.for_processing:
        doubts.append('FOR PROCESSING: a raw image, shown by its own range of values')
    if pixels is not None:
        doubts += [doubt for _, _, doubt in pixel_doubts(pixels, thresholds)]
        doubts += [pixels.way_up_doubt] if pixels.way_up_doubt else []
        if pixels.is_stored_turned and not known_turned:
            so = 'turned back' if known_turned is None else 'the annotation file does not say so'
            doubts.append(f'stored turned by 180 degrees, by the side of its chest wall: {so}')
        elif view := view or header.view:
            found = judge_chest_wall(facts, view, bool(known_turned), thresholds)
            doubts += [reason for severity, reason in found if severity == 'warning']
    return FileVerdict(None, special_view(facts, thresholds) or None, tuple(doubts))


def special_view(facts: ImageFacts, thresholds: AuditThresholds) -> str:
    """Why an image is a magnification or spot view; empty where it is none."""
    if facts.header is not None and facts.header.special_view:
        return facts.header.special_view
    if facts.magnification is not None and facts.magnification > thresholds.max_magnification:
        return f'a magnification view: magnified {facts.magnification:g} times, above {thresholds.max_magnification:g}'
    return ''


def judge_chest_wall(
    facts: ImageFacts, view: ViewKey, is_turned: bool, thresholds: AuditThresholds
) -> list[tuple[str, str]]:
    """Severity and reason where the breast touches another edge than its side has it; empty where it does not.

    A left breast is stored with its chest wall on the left and a right one on the right; turned by 180 degrees, the
    other way round. Where the header names the same side and its Patient Orientation agrees with the pixels, the vendor
    stores its images mirrored, which is a note. Spot and magnification views may touch both edges, and blank or
    inverted images have findings of their own: they are not judged.

    Args:
        facts: what the file holds.
        view: which breast it shows.
        is_turned: whether it is known to be stored turned by 180 degrees.
        thresholds: limits.
    """
    pixels = facts.pixels
    if pixels is None or pixels.is_blank or pixels.has_bright_background or not pixels.breast_share:
        return []
    is_expected_left = (view.laterality is Laterality.LEFT) != is_turned
    if (pixels.chest_wall == 'left') == is_expected_left or special_view(facts, thresholds):
        return []
    explained = facts.header is not None and _stores_mirrored(facts.header, view, pixels.chest_wall)
    reason = f'the chest wall lies on the {pixels.chest_wall}; for {view} '
    reason += '(stored turned by 180 degrees) ' if is_turned else ''
    reason += f'it is expected on the {"left" if is_expected_left else "right"}'
    reason += '; Patient Orientation agrees with the pixels' if explained else ''
    return [('note' if explained else 'warning', reason)]


def _stores_mirrored(header: MammogramHeader, view: ViewKey, chest_wall: str) -> bool:
    """Whether side and direction of the rows in the header explain where the chest wall lies."""
    if header.view is None or header.view.laterality is not view.laterality:
        return False
    along_row = header.patient_orientation[0].upper() if header.patient_orientation else ''
    return along_row[:1] == {'left': 'A', 'right': 'P'}[chest_wall]


def pixel_doubts(pixels: PixelFacts, thresholds: AuditThresholds) -> list[tuple[str, str, str]]:
    """Check of the audit, severity and reason of what the pixels give away; the first that applies."""
    if reason := _blank(pixels):
        return [('blank_image', 'error', reason)]
    if pixels.has_bright_background:
        reason = 'the air beside the breast is bright: Photometric Interpretation does not fit the pixels'
        return [('polarity', 'warning', reason + ' (bright background)')]
    if pixels.air_level is not None and pixels.air_level > pixels.breast_level:
        reason = 'its window or VOI table shows the air beside the breast brighter than the breast'
        return [('polarity', 'warning', reason)]
    if not pixels.breast_share:
        return [('blank_image', 'warning', 'no breast: no bright region covers 1% of the image')]
    if pixels.shown_range is not None and pixels.shown_range < thresholds.min_shown_range:
        reason = f'its window or VOI table leaves {pixels.shown_range:.3f} of the grey range to the breast, below '
        return [('shown_range', 'warning', f'{reason}{thresholds.min_shown_range:g}: it is nearly invisible')]
    if pixels.clipped_share > thresholds.max_clipped_share:
        reason = f'its window or VOI table shows {pixels.clipped_share:.0%} of the breast white, or black, above '
        return [('clipped_breast', 'warning', f'{reason}{thresholds.max_clipped_share:.0%}: clipped')]
    if pixels.air_level is not None and pixels.air_level > thresholds.max_air_level:
        reason = f'the air beside the breast is shown grey, {pixels.air_level:.2f} of the range, above '
        return [('grey_air', 'warning', f'{reason}{thresholds.max_air_level:g}: no window, or a wrong one')]
    return []


def _blank(pixels: PixelFacts | None) -> str | None:
    return 'all pixels have the same value' if pixels is not None and pixels.is_blank else None
