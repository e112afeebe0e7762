"""All checks in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .acquisition_checks import (
    check_computed,
    check_implants,
    check_intensity_states,
    check_special_views,
    check_vendor_splits,
)
from .audit_finding import AuditFinding, worst_first
from .audit_thresholds import AuditThresholds
from .audited_image import AuditedImage
from .box_checks import check_box_places, check_box_sizes, check_repeated_boxes
from .class_balance import check_class_balance
from .duplicate_images import check_duplicates
from .header_checks import check_files, check_headers, check_spacing_range
from .image_facts import ImageFacts
from .label_checks import check_labels, check_lesion_ids
from .patient_overlap import check_patient_splits, check_shared_identities
from .pixel_checks import check_pixels
from .side_checks import check_chest_wall, check_purpose, check_views_in_headers, check_way_up
from .slice_checks import check_slices
from .view_completeness import check_missing_views


def run_checks(
    images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts], thresholds: AuditThresholds
) -> list[AuditFinding]:
    """What every check finds, worst first.

    Args:
        images: of the annotation file.
        facts: image id to what its file holds; one for each image.
        thresholds: limits of the checks.
    """
    return worst_first(
        [
            *check_files(images, facts),
            *check_patient_splits(images),
            *check_shared_identities(images, facts),
            *check_duplicates(images, facts),
            *check_headers(images, facts, thresholds),
            *check_spacing_range(images, facts, thresholds),
            *check_views_in_headers(images, facts),
            *check_chest_wall(images, facts, thresholds),
            *check_way_up(images, facts),
            *check_purpose(images, facts),
            *check_box_places(images),
            *check_slices(images),
            *check_box_sizes(images, thresholds),
            *check_repeated_boxes(images),
            *check_pixels(images, facts, thresholds),
            *check_labels(images),
            *check_lesion_ids(images),
            *check_missing_views(images),
            *check_computed(images),
            *check_special_views(images, facts, thresholds),
            *check_implants(images, facts),
            *check_intensity_states(images, facts),
            *check_vendor_splits(images),
            *check_class_balance(images, thresholds),
        ]
    )
