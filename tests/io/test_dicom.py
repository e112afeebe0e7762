"""DICOM files: frames one by one in every transfer syntax, header quirks, and every way a file can be broken."""

from __future__ import annotations

import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.pixels import get_decoder
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import (
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from mammo_plugins.io.dicom import DicomFile
from mammo_plugins.io.unreadable_image import UnreadableImageError
from tests.io.dicom_builder import (
    BIRTH_DATE,
    PATIENT_NAME,
    compressed,
    dbt_volume,
    gradient,
    item,
    mammogram,
    save,
)

VOLUME = gradient((5, 40, 36))
SYNTAXES = [JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless]


def read(path: Path, indices=None, voi='none') -> np.ndarray:
    return np.stack(list(DicomFile(path).iter_slices(indices, voi)))


def reason_of(path: Path) -> str:
    """Why a file cannot be read, told by the header or by the pixels."""
    with pytest.raises(UnreadableImageError) as caught:
        read(path)
    assert caught.value.path == path and str(path) in str(caught.value)
    return caught.value.reason


class TestFrames:
    @pytest.mark.parametrize('syntax', SYNTAXES, ids=lambda uid: uid.name)
    def test_compressed_frames_are_read_exactly_in_the_order_asked_for(self, tmp_path, syntax):
        path = save(compressed(dbt_volume(VOLUME), syntax), tmp_path / 'a.dcm')
        np.testing.assert_array_equal(read(path), VOLUME / np.float32(4095))
        np.testing.assert_array_equal(read(path, [3, 0, 3]), VOLUME[[3, 0, 3]] / np.float32(4095))

    @pytest.mark.parametrize('syntax', [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
    def test_uncompressed_frames_are_read_exactly(self, tmp_path, syntax):
        pixels = VOLUME.byteswap() if syntax == ExplicitVRBigEndian else VOLUME
        dataset = dbt_volume(pixels)
        dataset.file_meta.TransferSyntaxUID = syntax
        np.testing.assert_array_equal(
            read(save(dataset, tmp_path / 'a.dcm'), [4, 1]), VOLUME[[4, 1]] / np.float32(4095)
        )

    def test_volume_of_one_slice_is_a_volume(self, tmp_path):
        source = DicomFile(save(dbt_volume(VOLUME[:1]), tmp_path / 'a.dcm'))
        assert source.header.modality == 'DBT' and source.header.num_slices == 1
        assert len(list(source.iter_slices())) == 1

    def test_no_slices_are_read_where_none_are_asked_for(self, tmp_path):
        assert list(DicomFile(save(dbt_volume(VOLUME), tmp_path / 'a.dcm')).iter_slices([])) == []

    @pytest.mark.parametrize('index', [-1, 5])
    def test_slice_out_of_range_is_named(self, tmp_path, index):
        source = DicomFile(save(dbt_volume(VOLUME), tmp_path / 'a.dcm'))
        with pytest.raises(ValueError, match=rf'a\.dcm: slice {index} is outside 0 to 4'):
            source.iter_slices([0, index])

    def test_a_broken_frame_does_not_hurt_the_others(self, tmp_path):
        path = save(compressed(dbt_volume(VOLUME), JPEG2000Lossless), tmp_path / 'a.dcm')
        content = bytearray(path.read_bytes())
        starts = [i for i in range(len(content) - 3) if content[i : i + 4] == b'\xff\x4f\xff\x51']
        content[starts[3] : starts[3] + 60] = bytes(60)
        path.write_bytes(content)
        np.testing.assert_array_equal(read(path, [2, 4]), VOLUME[[2, 4]] / np.float32(4095))
        assert 'cannot be decoded' in reason_of(path)

    def test_reading_a_part_never_holds_the_whole_stored_volume(self, tmp_path):
        path = save(dbt_volume(np.zeros((40, 128, 128), np.uint16)), tmp_path / 'a.dcm')
        frame_bytes = 128 * 128 * 4
        source = DicomFile(path)
        tracemalloc.start()
        for _ in source.iter_slices():
            pass
        list(source.iter_slices([17]))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 12 * frame_bytes  # the stored volume has 20

    def test_frame_of_another_size_than_announced_is_refused(self, tmp_path):
        dataset = compressed(mammogram(gradient((40, 36))), JPEG2000Lossless)
        dataset.Rows = 44
        assert 'decode' in reason_of(save(dataset, tmp_path / 'a.dcm'))


class TestHeader:
    def test_volume(self, tmp_path):
        path = save(dbt_volume(VOLUME, BreastImplantPresent='NO'), tmp_path / 'a.dcm')
        header = DicomFile(path).header
        assert (header.modality, str(header.view)) == ('DBT', 'L-CC')
        assert header.view_source == 'FrameLaterality, ViewCodeSequence'
        assert (header.num_slices, header.rows, header.columns, header.bits_stored) == (5, 40, 36, 12)
        assert header.spacing_mm == (0.1, 0.1) and header.slice_thickness_mm == 1.0
        assert (header.patient_id, header.study_uid, header.study_id) == ('DBT-P1', '1.2.3', 'DBT-S1')
        assert header.has_implant is False and header.path == path and header.pixel_problem is None

    def test_absent_view_gives_none_with_a_reason(self, tmp_path):
        header = DicomFile(save(mammogram(ViewPosition=None), tmp_path / 'a.dcm')).header
        assert header.view is None and 'ViewPosition' in header.view_problem

    def test_patient_orientation_of_a_turned_image_is_reported_as_stored(self, tmp_path):
        dataset = mammogram(PatientOrientation=['R', 'P'], FieldOfViewRotation=270)
        assert DicomFile(save(dataset, tmp_path / 'a.dcm')).header.patient_orientation == ('R', 'P')

    @pytest.mark.filterwarnings('ignore:Invalid value for VR:UserWarning')
    def test_broken_patient_age_is_never_looked_at(self, tmp_path):
        path = save(mammogram(PatientAge='732.0m'), tmp_path / 'a.dcm')
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            assert read(path).shape == (1, 6, 5)

    def test_header_holds_no_name_and_no_birth_date(self, tmp_path):
        text = repr(DicomFile(save(mammogram(), tmp_path / 'a.dcm')).header)
        assert PATIENT_NAME not in text and BIRTH_DATE not in text

    def test_header_without_pixel_data_is_read_and_its_pixels_are_refused(self, tmp_path):
        dataset = mammogram()
        del dataset.PixelData
        source = DicomFile(save(dataset, tmp_path / 'a.dcm'))
        assert str(source.header.view) == 'L-CC'
        with pytest.raises(UnreadableImageError, match='no pixel data'):
            source.iter_slices()


class TestIntensities:
    PIXELS = np.array([[0, 1000], [2000, 4095]], np.uint16)

    def first(self, tmp_path, voi='auto', pixels=PIXELS, **elements) -> np.ndarray:
        return read(save(mammogram(pixels, **elements), tmp_path / 'a.dcm'), voi=voi)[0]

    def test_monochrome1_is_inverted(self, tmp_path):
        pixels = self.first(tmp_path, PhotometricInterpretation='MONOCHROME1')
        np.testing.assert_allclose(pixels, 1 - self.PIXELS / 4095, atol=1e-6)

    def test_presentation_lut_shape_inverse_does_not_invert_a_second_time(self, tmp_path):
        once = self.first(tmp_path, PhotometricInterpretation='MONOCHROME1')
        both = self.first(tmp_path, PhotometricInterpretation='MONOCHROME1', PresentationLUTShape='INVERSE')
        np.testing.assert_array_equal(once, both)

    def test_first_of_several_windows_is_used(self, tmp_path):
        several = self.first(tmp_path, WindowCenter=[2262, 2286, 2262], WindowWidth=[380, 380, 500])
        np.testing.assert_array_equal(several, self.first(tmp_path, WindowCenter=2262, WindowWidth=380))

    def test_sigmoid_function_of_the_header_is_used(self, tmp_path):
        pixels = self.first(tmp_path, WindowCenter=2000, WindowWidth=1000, VOILUTFunction='SIGMOID')
        np.testing.assert_allclose(pixels, 1 / (1 + np.exp(-4 * (self.PIXELS - 2000.0) / 1000)), atol=1e-6)

    def test_first_of_three_tables_is_used(self, tmp_path):
        tables = Sequence(
            [item(LUTDescriptor=[4, 1000, 12], LUTData=[0, last, last, last], LUTExplanation=name)
             for name, last in (('NORMAL', 4095), ('HARDER', 2000), ('SOFTER', 1000))]
        )  # fmt: skip
        for table in tables:
            table['LUTDescriptor'].VR = 'US'
            table['LUTData'].VR = 'US'
        pixels = self.first(tmp_path, VOILUTSequence=tables, WindowCenter=5, WindowWidth=5)
        np.testing.assert_array_equal(pixels, [[0, 0], [1, 1]])

    def test_table_stored_as_bytes_and_of_full_length_is_read(self, tmp_path):
        table = item(LUTDescriptor=[0, 0, 16], LUTData=np.arange(65536, dtype='<u2').tobytes())
        table['LUTDescriptor'].VR = 'US'
        table['LUTData'].VR = 'OW'
        pixels = self.first(tmp_path, VOILUTSequence=Sequence([table]))
        np.testing.assert_allclose(pixels, self.PIXELS / 65535, atol=1e-6)

    def test_table_shorter_than_announced_is_refused(self, tmp_path):
        table = item(LUTDescriptor=[10, 0, 12], LUTData=[1, 2, 3])
        table['LUTDescriptor'].VR = table['LUTData'].VR = 'US'
        path = save(mammogram(VOILUTSequence=Sequence([table])), tmp_path / 'a.dcm')
        assert 'announces 10 entries of 12 bits, found 3' in reason_of(path)

    def test_padding_value_at_the_maximum_becomes_background(self, tmp_path):
        assert self.first(tmp_path, PixelPaddingValue=4095)[1, 1] == 0

    def test_padding_value_with_a_wrong_sign_is_understood(self, tmp_path):
        signed = np.array([[-1, 5]], np.int16)
        dataset = mammogram(signed, BitsStored=16)
        dataset.add_new('PixelPaddingValue', 'US', 65535)
        assert read(save(dataset, tmp_path / 'a.dcm'))[0, 0, 0] == 0

    def test_window_without_a_positive_width_counts_as_absent(self, tmp_path):
        plain = self.first(tmp_path)
        np.testing.assert_array_equal(self.first(tmp_path, WindowCenter=100, WindowWidth=0), plain)

    def test_window_policy_without_a_window_names_the_file(self, tmp_path):
        path = save(mammogram(), tmp_path / 'a.dcm')
        with pytest.raises(UnreadableImageError, match=r'a\.dcm: the header holds no usable Window Center'):
            read(path, voi='window')

    def test_unknown_window_function_is_refused(self, tmp_path):
        path = save(mammogram(WindowCenter=5, WindowWidth=5, VOILUTFunction='GAMMA'), tmp_path / 'a.dcm')
        assert "'GAMMA' is none of LINEAR" in reason_of(path)

    @pytest.mark.parametrize(
        ('keyword', 'value'),
        [('RescaleSlope', '1e308'), ('RescaleIntercept', '-1e39'), ('WindowCenter', '1e308'), ('WindowWidth', '1e-46')],
    )
    def test_number_beyond_32_bit_floats_is_refused_instead_of_giving_nan(self, tmp_path, keyword, value):
        elements = {'RescaleSlope': 1, 'RescaleIntercept': 0, 'WindowCenter': 100, 'WindowWidth': 100, keyword: value}
        path = save(mammogram(VOILUTFunction='SIGMOID', **elements), tmp_path / 'a.dcm')
        with pytest.raises(UnreadableImageError, match=rf'{keyword} \(0028,\d+\) is \S+: beyond any detector'):
            read(path, voi='auto')

    def test_slope_of_zero_is_refused(self, tmp_path):
        assert 'RescaleSlope' in reason_of(save(mammogram(RescaleSlope=0, RescaleIntercept=0), tmp_path / 'a.dcm'))

    def test_window_in_shared_functional_groups_is_used(self, tmp_path):
        dataset = dbt_volume(VOLUME)
        dataset.SharedFunctionalGroupsSequence[0].FrameVOILUTSequence = Sequence(
            [item(WindowCenter=2000, WindowWidth=1000)]
        )
        in_groups = read(save(dataset, tmp_path / 'a.dcm'), voi='window')
        plain = dbt_volume(VOLUME, WindowCenter=2000, WindowWidth=1000)
        np.testing.assert_array_equal(in_groups, read(save(plain, tmp_path / 'b.dcm'), voi='window'))

    def test_window_of_each_frame_is_used_for_its_frame(self, tmp_path):
        frames = [
            item(FrameVOILUTSequence=Sequence([item(WindowCenter=c, WindowWidth=100)])) for c in range(100, 600, 100)
        ]
        dataset = dbt_volume(VOLUME, PerFrameFunctionalGroupsSequence=Sequence(frames))
        path = save(dataset, tmp_path / 'a.dcm')
        alone = save(mammogram(VOLUME[3], WindowCenter=400, WindowWidth=100), tmp_path / 'b.dcm')
        np.testing.assert_array_equal(read(path, [3], 'auto'), read(alone, voi='auto'))

    def test_rescale_in_functional_groups_is_used(self, tmp_path):
        dataset = dbt_volume(VOLUME, WindowCenter=3000, WindowWidth=1000)
        dataset.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence = Sequence(
            [item(RescaleSlope=1, RescaleIntercept=1000)]
        )
        moved = read(save(dataset, tmp_path / 'a.dcm'), voi='window')
        plain = dbt_volume(VOLUME, WindowCenter=2000, WindowWidth=1000)
        np.testing.assert_allclose(moved, read(save(plain, tmp_path / 'b.dcm'), voi='window'), atol=1e-6)

    def test_slices_of_a_raw_volume_stay_comparable(self, tmp_path):
        path = save(dbt_volume(VOLUME, PresentationIntentType='FOR PROCESSING'), tmp_path / 'a.dcm')
        np.testing.assert_array_equal(read(path, voi='auto'), read(path, voi='none'))

    def test_8_bit_image_is_read(self, tmp_path):
        pixels = gradient((6, 4), bits=8)
        np.testing.assert_allclose(self.first(tmp_path, pixels=pixels), pixels / 255, atol=1e-6)


class TestBrokenFiles:
    def test_file_that_is_no_dicom(self, tmp_path):
        path = tmp_path / 'a.dcm'
        path.write_text('PatientID,StudyUID\n' * 20)
        assert reason_of(path).startswith('not a DICOM file')

    def test_file_that_does_not_exist(self, tmp_path):
        assert reason_of(tmp_path / 'a.dcm') == 'cannot be opened: No such file or directory'

    @pytest.mark.parametrize(
        'keyword', ['SOPClassUID', 'Rows', 'Columns', 'BitsAllocated', 'BitsStored', 'PhotometricInterpretation']
    )
    def test_missing_tag_is_named(self, tmp_path, keyword):
        path = save(mammogram(**{keyword: None}), tmp_path / 'a.dcm')
        assert reason_of(path).startswith(f'missing tag {keyword} (')

    @pytest.mark.parametrize(
        'elements', [{'SamplesPerPixel': 3, 'PhotometricInterpretation': 'RGB', 'PlanarConfiguration': 0},
                     {'PhotometricInterpretation': 'PALETTE COLOR'}]
    )  # fmt: skip
    def test_colour_image_is_refused(self, tmp_path, elements):
        assert 'not a grayscale image' in reason_of(save(mammogram(**elements), tmp_path / 'a.dcm'))

    @pytest.mark.parametrize('elements', [{'BitsAllocated': 32}, {'BitsStored': 17}, {'BitsStored': 0}])
    def test_implausible_bits_are_refused(self, tmp_path, elements):
        assert 'expected 8 or 16 allocated' in reason_of(save(mammogram(**elements), tmp_path / 'a.dcm'))

    @pytest.mark.parametrize(
        ('elements', 'reason'),
        [
            ({'Rows': 65535, 'Columns': 65535}, 'implausible size'),
            ({'NumberOfFrames': 2_000_000_000}, 'implausible size'),
            ({'NumberOfFrames': -1}, 'implausible size'),
            ({'Rows': 0}, 'implausible size'),
            ({'Rows': 8_000, 'Columns': 8_000, 'NumberOfFrames': 900}, 'truncated: .* need 115200000000 bytes'),
        ],
    )
    def test_absurd_sizes_are_refused_before_anything_is_allocated(self, tmp_path, elements, reason):
        path = save(mammogram(**elements), tmp_path / 'a.dcm')
        tracemalloc.start()
        with pytest.raises(UnreadableImageError, match=reason):
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 5_000_000

    def test_more_frames_announced_than_stored(self, tmp_path):
        dataset = compressed(dbt_volume(VOLUME), JPEG2000Lossless)
        dataset.NumberOfFrames = 7
        reason = reason_of(save(dataset, tmp_path / 'a.dcm'))
        assert reason == 'the header announces 7 frames, the pixel data holds 5'

    def test_number_that_is_none_names_the_tag_and_not_its_value(self, tmp_path):
        path = save(mammogram(RescaleSlope='1', RescaleIntercept='0'), tmp_path / 'a.dcm')
        content = path.read_bytes()
        slope = content.index(b'\x28\x00\x53\x10DS') + 8
        path.write_bytes(content[:slope] + b'x ' + content[slope + 2 :])
        assert reason_of(path) == 'RescaleSlope (0028,1053) is not a number'

    def test_sequence_stored_as_a_number_is_named(self, tmp_path):
        dataset = mammogram()
        dataset.add(DataElement('VOILUTSequence', 'US', 7))
        assert reason_of(save(dataset, tmp_path / 'a.dcm')) == 'VOILUTSequence (0028,3010) is not a sequence'

    def test_integer_beyond_all_floats_is_named(self, tmp_path):
        dataset = mammogram()
        dataset.add(RawDataElement(Tag('Rows'), 'IS', 400, b'9' * 400, 0, False, True))
        assert reason_of(save(dataset, tmp_path / 'a.dcm')).startswith('Rows (0028,0010) is not ')

    @pytest.mark.parametrize('depth', [50, 5000])
    def test_sequence_that_holds_itself_thousands_of_times_does_not_exhaust_the_stack(self, tmp_path, depth):
        path = save(mammogram(ViewPosition=None), tmp_path / 'a.dcm')
        opened, closed = b'\xfe\xff\x00\xe0' + b'\xff' * 4, b'\xfe\xff\x0d\xe0' + bytes(4)
        head, end = b'\x54\x00\x20\x02SQ\0\0' + b'\xff' * 4, b'\xfe\xff\xdd\xe0' + bytes(4)
        nested = (head + opened) * depth + (closed + end) * depth
        content = path.read_bytes()
        pixels = content.index(b'\xe0\x7f\x10\x00')
        path.write_bytes(content[:pixels] + nested + content[pixels:])
        if depth == 50:
            assert read(path).size
        else:
            assert reason_of(path) == 'truncated or broken DICOM header (RecursionError)'

    def test_transfer_syntax_of_a_video_is_refused(self, tmp_path):
        dataset = compressed(mammogram(gradient((40, 36))), JPEG2000Lossless)
        dataset.file_meta.TransferSyntaxUID = MPEG2MPML
        assert 'holds no image that can be decoded' in reason_of(save(dataset, tmp_path / 'a.dcm'))

    def test_missing_decoder_names_the_packages_to_install(self, tmp_path, monkeypatch):
        path = save(compressed(mammogram(gradient((40, 36))), JPEGLSLossless), tmp_path / 'a.dcm')
        monkeypatch.setattr(type(get_decoder(JPEGLSLossless)), 'is_available', False)
        assert 'no decoder for transfer syntax JPEG-LS' in reason_of(path)
        assert 'pip install' in reason_of(path)

    @pytest.mark.parametrize('syntax', [None, *SYNTAXES], ids=lambda uid: uid.name if uid else 'uncompressed')
    @settings(max_examples=25, deadline=None)
    @given(share=st.floats(0, 0.999))
    def test_file_truncated_anywhere_is_refused(self, tmp_path_factory, syntax, share):
        folder = tmp_path_factory.mktemp('cut')
        dataset = dbt_volume(VOLUME)
        path = save(compressed(dataset, syntax) if syntax else dataset, folder / 'a.dcm')
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])
        assert reason_of(path)

    @settings(max_examples=150, deadline=None)
    @given(share=st.floats(0, 0.999), value=st.integers(0, 255))
    @pytest.mark.filterwarnings('ignore')
    def test_file_with_a_changed_byte_is_read_or_refused_but_never_crashes(self, tmp_path_factory, share, value):
        path = save(mammogram(), tmp_path_factory.mktemp('changed') / 'a.dcm')
        content = bytearray(path.read_bytes())
        content[int(share * len(content))] = value
        path.write_bytes(content)
        outcome = _read_or_reason(path)
        assert PATIENT_NAME not in str(outcome) and BIRTH_DATE not in str(outcome)
        if not isinstance(outcome, str):
            assert outcome.min() >= 0 and outcome.max() <= 1


def _read_or_reason(path: Path) -> np.ndarray | str:
    try:
        return read(path)
    except UnreadableImageError as error:
        return str(error)
