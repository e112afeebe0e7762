"""Every check of the audit: what it is called, what to do about its findings, and what it has to look at."""

from __future__ import annotations

from dataclasses import dataclass

RECORDS, HEADERS, PIXELS = 'records', 'headers', 'pixels'


@dataclass(frozen=True)
class AuditCheck:
    """One check.

    Attributes:
        title: for tables.
        advice: what its findings mean, or what to do.
        looks_at: ``records``, ``headers`` or ``pixels``; each needs those before it.
    """

    title: str
    advice: str
    looks_at: str


CHECKS = {
    'broken_record': AuditCheck(
        'Records that break the format', 'Left out of all other checks: correct the file, or convert again.', RECORDS
    ),
    'conversion': AuditCheck(
        'What the conversion left out or found odd', 'As the converter listed it in the annotation file.', RECORDS
    ),
    'patient_in_two_splits': AuditCheck(
        'Patients in two splits', 'Results would be those of patients seen in training: split by patient.', RECORDS
    ),
    'shared_identity': AuditCheck(
        'Patients that are one by their headers',
        'Two patients of the file share a study or a patient id in their headers: split them together.',
        HEADERS,
    ),
    'duplicate_image': AuditCheck(
        'Images with the same pixels', 'Keep one; across splits or patients, find out whose image it is first.', PIXELS
    ),
    'duplicate_file': AuditCheck(
        'Images with the same file or instance', 'Keep one, or correct the path of the other.', HEADERS
    ),
    'unreadable_file': AuditCheck('Unreadable files', 'Copy them again from the archive, or leave them out.', HEADERS),
    'size_in_header': AuditCheck(
        'Size in the header', 'Boxes are in stored pixels, so they belong to another image: convert again.', HEADERS
    ),
    'header_doubt': AuditCheck(
        'Odd headers', 'What is odd about the header, and what is used instead: look at the image.', HEADERS
    ),
    'modality_in_header': AuditCheck('Modality in the header', 'Decide which of the two is right.', HEADERS),
    'computed': AuditCheck(
        'Computed synthetic mammograms', "Not a vendor's: say so beside every number that they give.", RECORDS
    ),
    'view_in_header': AuditCheck(
        'Side and view in the header', 'The header or the annotation is wrong: compare with the picture.', HEADERS
    ),
    'chest_wall': AuditCheck(
        'Side in the pixels', 'Mirrored or turned, or annotated as the other breast: boxes may be mirrored too.', PIXELS
    ),
    'way_up': AuditCheck(
        'Way up',
        'Header and pixels disagree about it, or the image lies on its side: compare with the picture.',
        PIXELS,
    ),
    'purpose': AuditCheck(
        'Images of something else',
        'Specimens, scouts, calibration, stripped pixels; mammo predict leaves them out.',
        HEADERS,
    ),
    'spacing': AuditCheck('Pixel spacing', 'Sizes in mm and resampling rest on it.', HEADERS),
    'manufacturer': AuditCheck(
        'Manufacturer', 'Names of one vendor should agree; splits should share vendors.', HEADERS
    ),
    'special_view': AuditCheck(
        'Magnification and spot views', 'Of another scale than screening views: commonly left out.', HEADERS
    ),
    'implant': AuditCheck('Implants', 'Commonly a group of its own, or left out.', HEADERS),
    'monochrome1': AuditCheck('MONOCHROME1', 'Inverted when read; nothing to do where it is true.', HEADERS),
    'polarity': AuditCheck('Bright background', 'Stored with the wrong polarity: correct the header.', PIXELS),
    'voi': AuditCheck('Windows and VOI tables', 'Images with and without them look different to a model.', HEADERS),
    'clipped_breast': AuditCheck(
        'Clipped breasts', 'The window does not fit the image: choose voi="none", or correct the header.', PIXELS
    ),
    'grey_air': AuditCheck(
        'Grey air', 'Half of the grey range is not used: state a window, or correct Pixel Representation.', PIXELS
    ),
    'shown_range': AuditCheck(
        'Breasts made invisible by their window', 'A wrong window: read such images with voi=none.', PIXELS
    ),
    'raw_image': AuditCheck(
        'Raw images (FOR PROCESSING)', 'Not made for the eye: do not mix them with the others.', HEADERS
    ),
    'blank_image': AuditCheck('Blank images and images without a breast', 'Nothing can be learned from them.', PIXELS),
    'missing_view': AuditCheck(
        'Missing views', 'A lost file, or an exam of one view or one breast: models of two views see less.', RECORDS
    ),
    'box_outside_image': AuditCheck('Boxes outside the image', 'Of another image, scale or orientation.', RECORDS),
    'box_outside_breast': AuditCheck(
        'Boxes outside the breast', 'Typically mirrored, or drawn on a scaled or cropped image.', PIXELS
    ),
    'box_size': AuditCheck('Tiny and huge boxes', 'A slip of the mouse, or another scale.', RECORDS),
    'box_repeated': AuditCheck('Repeated boxes', 'Counted twice in training and in every recall.', RECORDS),
    'box_contrast': AuditCheck(
        'Boxes without visible contrast', 'Subtle, or on the wrong place or slice: look at the picture.', PIXELS
    ),
    'slice': AuditCheck(
        'Slices of findings', 'Those outside the volume are counted in another way: from 1, or in mm.', RECORDS
    ),
    'labels': AuditCheck('Labels against boxes', 'Malignant by one and not by the other.', RECORDS),
    'lesion_id': AuditCheck('Lesion ids', 'One lesion lies in one breast.', RECORDS),
    'class_balance': AuditCheck('Class balance', 'A split without one of the classes gives no AUC.', RECORDS),
}
