"""Which DICOM transfer syntaxes decode here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .check import Check, Status, one_line, pip_command

if TYPE_CHECKING:
    import numpy as np

    from .decoding_samples import EncodedImage

TOPIC = 'DICOM decoding'
_DECODERS = ('pydicom>=3', 'python-gdcm', 'pylibjpeg', 'pylibjpeg-openjpeg', 'pyjpegls', 'pillow')


def check_transfer_syntaxes() -> list[Check]:
    """Decodes one tiny image of each transfer syntax and compares it with what was encoded."""
    from .decoding_samples import encoded_images

    return [_check(image) for image in encoded_images()]


def _check(image: EncodedImage) -> Check:
    try:
        decoded = decode(image)
    except Exception as error:  # decoders raise whatever they like
        return _not_decoded(image, one_line(error))
    difference = int(abs(decoded.astype(int) - image.pixels.astype(int)).max())
    if difference > image.tolerance:
        return _not_decoded(image, f'decodes wrongly: off by {difference} grey values')
    return Check(TOPIC, image.name, Status.OK, 'decodes')


def _not_decoded(image: EncodedImage, reason: str) -> Check:
    if image.optional_decoder is None:
        fix = pip_command('install', '--force-reinstall', '--no-deps', *_DECODERS)
        return Check(TOPIC, image.name, Status.PROBLEM, reason, fix)
    detail = f'not decoded; rare, and needs {image.optional_decoder}, whose licence is the GPL'
    return Check(TOPIC, image.name, Status.NOTE, detail, pip_command('install', image.optional_decoder))


def decode(image: EncodedImage) -> np.ndarray:
    """The pixels (8, 8) of an encoded image, as pydicom and its plug-ins read them."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate

    bits = 12 if image.pixels.itemsize == 2 else 8
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = image.uid
    dataset.Rows, dataset.Columns = image.pixels.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = 'MONOCHROME2'
    dataset.PixelRepresentation = 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8 * image.pixels.itemsize, bits, bits - 1
    if image.stream is None:
        dataset.PixelData = image.pixels.tobytes()
    else:
        dataset.PixelData = encapsulate([image.stream])
        dataset['PixelData'].is_undefined_length = True
    return dataset.pixel_array
