"""Partners that are missing, repeated or ambiguous, for pairs of modalities and of sides: a table of exams."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.datasets.annotated_image import AnnotatedImage
from mammo_plugins.datasets.grouping import GROUP_BY, group_cases
from mammo_plugins.io.coco_volume import ImageRecord
from mammo_plugins.structures import ViewKey


def image(number, view_name, modality='FFDM', time=None, patient='P1'):
    record = ImageRecord(
        id=number, file_name='x', width=1, height=1, num_slices=1, patient_id=patient, study_uid='S1',
        view=str(ViewKey.parse(view_name)), modality=modality, view_name=view_name, acquisition_time_s=time,
    )  # fmt: skip
    return AnnotatedImage(record, (), Path(f'{view_name}-{modality}.dcm'))


def grouped(exam, group_by, **options):
    images = [image(number, *facts) for number, facts in enumerate(exam)]
    return [
        (group.case_id, [(member.record.view_name, member.record.modality) for member in group.images], group.status)
        for group in group_cases(images, group_by, **options)
    ]


@pytest.mark.parametrize(
    ('exam', 'expected'),
    [
        # case 0: a combo of one view, the FFDM listed first
        ([('lcc', 'FFDM'), ('lcc', 'SM')], [('P1/S1/L-CC', [('lcc', 'SM'), ('lcc', 'FFDM')], 'complete')]),
        # case 1: two views, one without its synthetic mammogram
        (
            [('lcc', 'FFDM'), ('lcc', 'SM'), ('lmlo', 'FFDM')],
            [
                ('P1/S1/L-CC', [('lcc', 'SM'), ('lcc', 'FFDM')], 'complete'),
                ('P1/S1/L-MLO', [('lmlo', 'FFDM')], 'missing'),
            ],
        ),
        # case 2: a repeated FFDM, times unknown
        (
            [('lcc', 'FFDM'), ('lcc2', 'FFDM'), ('lcc', 'SM', 100.0)],
            [
                ('P1/S1/L-CC', [('lcc', 'SM')], 'ambiguous'),
                ('P1/S1/L-CC#2', [('lcc', 'FFDM')], 'ambiguous'),
                ('P1/S1/L-CC#3', [('lcc2', 'FFDM')], 'ambiguous'),
            ],
        ),
        # case 3: a repeated FFDM, the second is nearer in time
        (
            [('lcc', 'FFDM', 100.0), ('lcc2', 'FFDM', 190.0), ('lcc', 'SM', 200.0)],
            [
                ('P1/S1/L-CC', [('lcc', 'SM'), ('lcc2', 'FFDM')], 'complete'),
                ('P1/S1/L-CC#2', [('lcc', 'FFDM')], 'missing'),
            ],
        ),
        # case 4: two exposures of both
        (
            [('lcc', 'FFDM', 100.0), ('lcc2', 'FFDM', 200.0), ('lcc', 'SM', 203.0), ('lcc2', 'SM', 101.0)],
            [
                ('P1/S1/L-CC', [('lcc2', 'SM'), ('lcc', 'FFDM')], 'complete'),
                ('P1/S1/L-CC#2', [('lcc', 'SM'), ('lcc2', 'FFDM')], 'complete'),
            ],
        ),
        # case 5: two FFDM equally near
        (
            [('lcc', 'FFDM', 100.0), ('lcc2', 'FFDM', 300.0), ('lcc', 'SM', 200.0)],
            [
                ('P1/S1/L-CC', [('lcc', 'SM')], 'ambiguous'),
                ('P1/S1/L-CC#2', [('lcc', 'FFDM')], 'ambiguous'),
                ('P1/S1/L-CC#3', [('lcc2', 'FFDM')], 'ambiguous'),
            ],
        ),
        # equally near but for the last bit: 0.1 is no binary number
        (
            [('lcc', 'FFDM', 43200.2), ('lcc', 'SM', 43200.1), ('lcc2', 'SM', 43200.3)],
            [
                ('P1/S1/L-CC', [('lcc', 'SM')], 'ambiguous'),
                ('P1/S1/L-CC#2', [('lcc2', 'SM')], 'ambiguous'),
                ('P1/S1/L-CC#3', [('lcc', 'FFDM')], 'ambiguous'),
            ],
        ),
        # case 6: the other breast and another projection are no partners
        (
            [('lcc', 'SM'), ('rcc', 'FFDM'), ('lxccl', 'FFDM')],
            [
                ('P1/S1/L-CC', [('lcc', 'SM')], 'missing'),
                ('P1/S1/R-CC', [('rcc', 'FFDM')], 'missing'),
                ('P1/S1/L-XCCL', [('lxccl', 'FFDM')], 'missing'),
            ],
        ),
    ],
)
def test_modalities_of_one_view(exam, expected):
    assert grouped(exam, 'modalities') == expected


@pytest.mark.parametrize(
    ('exam', 'expected'),
    [
        ([('lcc',), ('rcc',)], [('P1/S1/CC', [('rcc', 'FFDM'), ('lcc', 'FFDM')], 'complete')]),
        (
            [('lcc',), ('rmlo',)],
            [('P1/S1/CC', [('lcc', 'FFDM')], 'missing'), ('P1/S1/MLO', [('rmlo', 'FFDM')], 'missing')],
        ),
        (
            [('rcc', 'SM'), ('lcc', 'FFDM')],
            [('P1/S1/CC/SM', [('rcc', 'SM')], 'missing'), ('P1/S1/CC/FFDM', [('lcc', 'FFDM')], 'missing')],
        ),
        (
            [('lcc',), ('rcc',), ('rcc2',)],
            [
                ('P1/S1/CC', [('rcc', 'FFDM')], 'ambiguous'),
                ('P1/S1/CC#2', [('rcc2', 'FFDM')], 'ambiguous'),
                ('P1/S1/CC#3', [('lcc', 'FFDM')], 'ambiguous'),
            ],
        ),
    ],
)
def test_sides_of_one_projection(exam, expected):
    assert grouped(exam, 'bilateral') == expected


@pytest.mark.parametrize(
    ('exam', 'group_by', 'leading'),
    [
        ([('lcc', 'SM')], 'modalities', [True]),
        ([('lcc', 'FFDM')], 'modalities', [False]),
        ([('lcc', 'FFDM'), ('lcc', 'SM')], 'modalities', [True]),
        ([('lcc', 'FFDM'), ('lcc2', 'FFDM'), ('lcc', 'SM')], 'modalities', [True, False, False]),
        ([('rcc',), ('lmlo',)], 'bilateral', [True, False]),
        ([('lcc',), ('rmlo',)], 'breast', [True, False]),
        ([('lmlo',)], 'image', [True]),
    ],
)
def test_a_partner_alone_does_not_lead(exam, group_by, leading):
    images = [image(number, *what) for number, what in enumerate(exam)]
    assert [group.leads for group in group_cases(images, group_by)] == leading


def test_reasons_name_counts_kinds_and_lost_files():
    ambiguous = group_cases([image(0, 'lcc', 'SM'), image(1, 'lcc'), image(2, 'lcc2')], 'modalities')
    assert ambiguous[0].reason == (
        '1 SM and 2 FFDM images, and their acquisition times do not tell which belong together'
    )
    (alone,) = group_cases([image(0, 'lcc')], 'modalities', unreadable=[image(1, 'lcc', 'SM'), image(2, 'rcc', 'SM')])
    assert alone.reason == 'no SM image beside lcc; cannot be loaded: lcc-SM.dcm'


def test_tomosynthesis_is_no_part_of_a_pair_of_modalities():
    with pytest.raises(ValueError, match=r'lcc-DBT\.dcm is DBT: set modality=\["SM", "FFDM"\]'):
        group_cases([image(0, 'lcc', 'DBT')], 'modalities')


def test_unknown_grouping_lists_the_known():
    with pytest.raises(
        ValueError, match="unknown group_by 'exam': expected one of image, breast, modalities, bilateral"
    ):
        group_cases([], 'exam')


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(['lcc', 'rcc', 'lcc2', 'rcc2', 'lmlo', 'rmlo']), st.sampled_from(['FFDM', 'SM']),
            st.one_of(st.none(), st.integers(0, 3).map(float)), st.sampled_from(['P1', 'P2']),
        ),  # fmt: skip
        max_size=20, unique_by=lambda facts: (facts[0], facts[1], facts[3]),
    ),
    st.sampled_from(GROUP_BY),
)  # fmt: skip
def test_every_image_is_in_one_case_of_one_patient(exam, group_by):
    images = [image(number, *facts) for number, facts in enumerate(exam)]
    groups = group_cases(images, group_by)
    used = Counter(member.record.id for group in groups for member in group.images)
    assert used == Counter(range(len(images)))
    assert len({group.case_id for group in groups}) == len(groups)
    for group in groups:
        assert len({member.record.patient_id for member in group.images}) == 1
        assert (group.reason == '') == (group.status == 'complete')
        assert all(member in group.members for member in group.images)
        if group.status == 'complete':
            assert len(group.images) == (1 if group_by == 'image' else 2)
