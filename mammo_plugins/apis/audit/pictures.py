"""The contact sheet of an audit: which images, and how they are drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from PIL import Image

from mammo_plugins.datasets.audit import AuditedImage, AuditFinding, ImageFacts
from mammo_plugins.io.annotation_records import FindingRecord
from mammo_plugins.io.image_source import open_image
from mammo_plugins.io.unreadable_image import UnreadableImageError
from mammo_plugins.visualization.audit_content import PageBox, PageFinding, PagePicture

_SHARE_WITH_FINDINGS = 2 / 3  # of the sheet; the rest shows what the data is like
_MAX_HEIGHT = 420
_MAX_REASONS = 4  # below a picture


def choose_images(
    images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts], findings: Sequence[AuditFinding], wanted: int
) -> list[AuditedImage]:
    """Images worth a look, at most ``wanted``.

    Up to two thirds have findings: one image a check in turn, worst checks first, so that a check with thousands of
    findings leaves room for the others. The rest are images with boxes, then without, evenly over the file.

    Args:
        images: all images.
        facts: image id to what its file holds; only images that were decoded are shown.
        findings: worst first.
        wanted: pictures.
    """
    decoded = {image.record.id: image for image in images if facts[image.record.id].pixels is not None}
    chosen = _in_turn(findings, decoded, round(wanted * _SHARE_WITH_FINDINGS))
    rest = [image for image_id, image in decoded.items() if image_id not in chosen]
    for has_boxes in (True, False):
        candidates = [image for image in rest if bool(image.findings) is has_boxes]
        for image in _evenly(candidates, wanted - len(chosen)):
            chosen[image.record.id] = image
    return list(chosen.values())


def draw_picture(image: AuditedImage, findings: Sequence[AuditFinding]) -> PagePicture:
    """One image with its boxes, at the slice of the finding that is most in question.

    Args:
        image: an image that could be decoded.
        findings: what was found about it, worst first.

    Raises:
        UnreadableImageError: the pixels cannot be decoded.
    """
    record = image.record
    source = open_image(image.path)
    shown = _slice_to_show(image, findings, source.header.num_slices)
    pixels = next(iter(source.iter_slices([shown])))
    flagged = {finding.finding_number for finding in findings}
    facts = [record.view, record.modality_text, record.split or 'no split']
    facts += [f'slice {shown} (0 to {record.num_slices - 1})'] if record.num_slices > 1 else []
    facts += ['malignant'] if image.malignancy == 1 else []
    return PagePicture(
        pixels=_reduce(pixels),
        size=(source.header.columns, source.header.rows),
        title=f'image {record.id}, {record.patient_id}',
        caption=' · '.join(facts),
        boxes=[_page_box(number, finding, shown, number in flagged) for number, finding in image.numbered_findings()],
        findings=_reasons(findings),
    )


def draw_pictures(
    images: Sequence[AuditedImage], findings: Sequence[AuditFinding]
) -> tuple[list[PagePicture], list[str]]:
    """Pictures of images, and a sentence for each that could not be drawn."""
    by_image: dict[int, list[AuditFinding]] = defaultdict(list)
    for finding in filter(_is_worth_a_picture, findings):
        for image_id in finding.image_ids:
            by_image[image_id].append(finding)
    pictures, notes = [], []
    for image in images:
        try:
            pictures.append(draw_picture(image, by_image[image.record.id]))
        except UnreadableImageError as error:
            notes.append(f'{image.where} is not shown: {error.reason}.')
    return pictures, notes


def _in_turn(
    findings: Sequence[AuditFinding], decoded: Mapping[int, AuditedImage], wanted: int
) -> dict[int, AuditedImage]:
    queues: dict[tuple[str, str], list[int]] = defaultdict(list)
    for finding in filter(_is_worth_a_picture, findings):
        queues[finding.severity, finding.check] += [image_id for image_id in finding.image_ids if image_id in decoded]
    chosen: dict[int, AuditedImage] = {}
    waiting = [iter(dict.fromkeys(queue)) for queue in queues.values()]
    while waiting and len(chosen) < wanted:
        for queue in list(waiting):
            image_id = next((image_id for image_id in queue if image_id not in chosen), None)
            if image_id is None:
                waiting.remove(queue)
            elif len(chosen) < wanted:
                chosen[image_id] = decoded[image_id]
    return chosen


def _is_worth_a_picture(finding: AuditFinding) -> bool:
    """Notes on groups of images would stand below every picture."""
    return finding.severity != 'note' or len(finding.image_ids) == 1


def _evenly(images: Sequence[AuditedImage], wanted: int) -> Iterable[AuditedImage]:
    if wanted >= len(images):
        return images
    return [images[index * len(images) // wanted] for index in range(max(0, wanted))]


def _slice_to_show(image: AuditedImage, findings: Sequence[AuditFinding], num_slices: int) -> int:
    """That of the first finding in question, else of the first finding, else the middle one."""
    boxes = dict(image.numbered_findings())
    in_question = [boxes[finding.finding_number] for finding in findings if finding.finding_number in boxes]
    annotated = [finding.slice_index for finding in (*in_question, *image.findings)]
    return next((index for index in annotated if index is not None and 0 <= index < num_slices), num_slices // 2)


def _page_box(number: int, finding: FindingRecord, shown: int, is_flagged: bool) -> PageBox:
    x, y, width, height = finding.bbox_xywh
    kind = finding.attributes.get('type')
    text = f'box {number}: {finding.category}{f" {kind}" if kind else ""}'
    text += '' if finding.slice_index is None else f', slice {finding.slice_index}'
    in_slice = finding.slice_index in (None, shown)
    return PageBox((x, y, x + width, y + height), finding.category, text, in_slice, is_flagged)


def _reasons(findings: Sequence[AuditFinding]) -> list[PageFinding]:
    shown = [
        PageFinding(
            finding.severity, '', finding.reason if finding.finding_number is None else _with_number(finding)
        )
        for finding in findings[:_MAX_REASONS]
    ]  # fmt: skip
    rest = len(findings) - len(shown)
    return shown + ([PageFinding('note', '', f'and {rest} more')] if rest > 0 else [])


def _with_number(finding: AuditFinding) -> str:
    return f'box {finding.finding_number}: {finding.reason}'


def _reduce(pixels: np.ndarray) -> np.ndarray:
    """(H, W) uint8 of intensities in [0, 1], as high as the sheet shows it."""
    picture = Image.fromarray(np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8))
    if picture.height > _MAX_HEIGHT:
        width = max(1, round(picture.width * _MAX_HEIGHT / picture.height))
        picture = picture.resize((width, _MAX_HEIGHT), Image.Resampling.BOX)
    return np.asarray(picture)
