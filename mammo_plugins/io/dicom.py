"""A breast image in one DICOM file, its frames decoded one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy.typing as npt
from numpy import float32
from pydicom.pixels import get_decoder, iter_pixels
from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from .deflated_file import inflate_dicom
from .dicom_header import read_dicom_header
from .dicom_intensity import has_rules_per_frame, read_intensity_rules, read_stored_bits
from .slice_selection import check_slice_indices
from .stored_values import StoredBits, isolate_values
from .unreadable_image import UnreadableImageError
from .voi import IntensityRules, check_policy, to_intensities

# pydicom tries its decoders in turn, GDCM last; a damaged frame makes GDCM end the process instead of raising, so that
# it must not get what another decoder has already refused.
_CAREFUL_PLUGINS = {
    JPEG2000Lossless: 'pylibjpeg', JPEG2000: 'pylibjpeg', JPEGLSLossless: 'pyjpegls', JPEGLSNearLossless: 'pyjpegls',
    RLELossless: 'pydicom', JPEGBaseline8Bit: 'pillow', JPEGExtended12Bit: 'pillow',
}  # fmt: skip


class DicomFile:
    """An image of one frame or many in one DICOM file.

    Args:
        path: the file.

    Attributes:
        header (MammogramHeader): what the file says about the image.

    Raises:
        UnreadableImageError: no DICOM file, no breast image, or a tag that is needed is missing or broken.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.header, self._tags = read_dicom_header(self.path)

    def iter_slices(self, indices: Sequence[int] | None = None, voi: str = 'auto') -> Iterator[npt.NDArray[float32]]:
        """Intensities (H, W) in [0, 1] of the wanted frames, in the order asked for; one is in memory at a time.

        Args:
            indices: 0-based stored frames; all where None.
            voi: see :mod:`mammo_plugins.io.voi`.

        Raises:
            UnreadableImageError: the pixels cannot be decoded, or the header lacks what the VOI policy needs.
            ValueError: an index is out of range, or the policy is unknown.
        """
        check_policy(voi)
        wanted = check_slice_indices(indices, self.header.num_slices, self.path)
        if self.header.pixel_problem:
            raise UnreadableImageError(self.path, self.header.pixel_problem)
        return self._iter_intensities(wanted, in_file_order=indices is None, voi=voi)

    @property
    def files(self) -> list[Path]:
        """The file of each slice, which is one for all here."""
        return [self.path]

    @property
    def instances(self) -> list[tuple[str, str]]:
        """(SOP Class UID, SOP Instance UID) of the file; empty where it has none."""
        header = self.header
        return [(header.sop_class_uid, header.sop_instance_uid)] if header.sop_instance_uid else []

    @property
    def position_patient_mm(self) -> tuple[float, ...]:
        """Image Position (Patient), followed by Image Orientation (Patient) where present; empty without a position."""
        position = self._tags.numbers('ImagePositionPatient')
        orientation = self._tags.numbers('ImageOrientationPatient')
        if len(position) != 3:
            return ()
        return (*position, *orientation) if len(orientation) == 6 else position

    @property
    def instance_number(self) -> int | None:
        """Instance Number, or None where it is absent."""
        return None if self._tags.number('InstanceNumber') is None else self._tags.integer('InstanceNumber')

    def _iter_intensities(self, wanted: list[int], in_file_order: bool, voi: str) -> Iterator[npt.NDArray[float32]]:
        # Without indices pydicom runs through the compressed frames once instead of looking each one up.
        frames = self._iter_stored(None if in_file_order else wanted)
        for index in wanted:
            stored = next(frames, None)
            if stored is None:
                raise UnreadableImageError(
                    self.path, f'frame {index} of {self.header.num_slices} is missing in the pixel data'
                )
            try:
                yield to_intensities(isolate_values(stored, self._bits), self._rules(index), voi)
            except UnreadableImageError:
                raise
            except ValueError as error:
                raise UnreadableImageError(self.path, str(error)) from error

    def _iter_stored(self, indices: list[int] | None) -> Iterator[npt.NDArray]:
        """Stored values (H, W) of frames."""
        expected = (self.header.rows, self.header.columns)
        plugin = _decoding_plugin(UID(self.header.transfer_syntax_uid))
        # pydicom would cut words to Bits Stored without looking what lies in the bits above.
        options = dict(raw=True, decoding_plugin=plugin, correct_unused_bits=False, **self._stated_otherwise())
        frames = iter_pixels(self._pixel_source(), indices=indices, **options)
        while True:
            try:
                frame = next(frames)
            except StopIteration:
                return
            except Exception as error:  # decoders raise what they like
                syntax = UID(self.header.transfer_syntax_uid).name
                raise UnreadableImageError(
                    self.path,
                    f'the {syntax} pixel data cannot be decoded: truncated or broken ({type(error).__name__})',
                ) from error
            if frame.shape != expected:
                raise UnreadableImageError(
                    self.path, f'a decoded frame has shape {frame.shape}, the header says {expected}'
                )
            yield frame

    def _stated_otherwise(self) -> dict[str, int]:
        """What decoding needs and a header may leave empty: one sample a pixel, unsigned."""
        defaults = {'SamplesPerPixel': ('samples_per_pixel', 1), 'PixelRepresentation': ('pixel_representation', 0)}
        return dict(option for keyword, option in defaults.items() if self._tags.number(keyword) is None)

    def _pixel_source(self) -> Path | BinaryIO:
        if self.header.transfer_syntax_uid != DeflatedExplicitVRLittleEndian:
            return self.path
        return inflate_dicom(self.path) or self.path  # a deflated file cannot be read in parts

    def _rules(self, frame_index: int) -> IntensityRules:
        if not self._rules_differ:
            return self._first_rules
        return read_intensity_rules(self._tags, frame_index, self.header.bits_stored, self._is_raw)

    @property
    def intensity_rules(self) -> IntensityRules:
        """Rules of the first frame."""
        return self._first_rules

    @property
    def shared_rules(self) -> IntensityRules | None:
        """Rules of all frames; None where frames have rules of their own."""
        return None if self._rules_differ else self._first_rules

    @property
    def _is_raw(self) -> bool:
        # Stretching each slice of a raw volume by its own range would make slices incomparable.
        return self.header.for_processing and self.header.num_slices == 1

    @cached_property
    def _bits(self) -> StoredBits:
        return read_stored_bits(self._tags, self.header.codestream_bits)

    @cached_property
    def _rules_differ(self) -> bool:
        return has_rules_per_frame(self._tags)

    @cached_property
    def _first_rules(self) -> IntensityRules:
        return read_intensity_rules(self._tags, 0, self.header.bits_stored, self._is_raw)


def _decoding_plugin(syntax: UID) -> str:
    """The one decoder to use, or an empty text for pydicom's own choice."""
    plugin = _CAREFUL_PLUGINS.get(syntax, '')
    return plugin if plugin and plugin in get_decoder(syntax).available_plugins else ''
