"""Images of an annotation file as they are shown: read from their files, in the canonical orientation."""

from __future__ import annotations

from mammo_plugins.io import AnnotationSet, ImageRecord, canonical_flips
from mammo_plugins.io.image_source import ImageSource, open_image
from mammo_plugins.io.orientation import OrientationFlips
from mammo_plugins.io.unreadable_image import UnreadableImageError


def open_canonical(annotations: AnnotationSet, image: ImageRecord) -> tuple[ImageSource, OrientationFlips]:
    """An image's file, and what turns its stored pixels so that the chest wall lies at the left.

    Args:
        annotations: the file that the image is in.
        image: the image.

    Raises:
        UnreadableImageError: it cannot be read, or lies on its side.
    """
    source = open_image(annotations.resolve_path(image))
    middle = next(iter(source.iter_slices([image.num_slices // 2])))
    try:
        flips = canonical_flips(
            middle,
            rotated_180=image.rotated_180,
            patient_orientation=source.header.patient_orientation,
            view=image.view_key,
        )
    except ValueError as error:  # turned by 90 degrees
        raise UnreadableImageError(source.header.path, str(error)) from error
    return source, flips
