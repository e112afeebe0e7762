from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.datasets.annotated_image import AnnotatedImage
from mammo_plugins.datasets.grouping import group_cases
from mammo_plugins.io.coco_volume import ImageRecord
from mammo_plugins.structures import ViewKey, ViewPosition


def image(number, view_name, patient='P1', modality='DBT'):
    record = ImageRecord(
        id=number, file_name='x', width=1, height=1, num_slices=1, patient_id=patient, study_uid='S1',
        view=str(ViewKey.parse(view_name)), modality=modality, view_name=view_name,
    )  # fmt: skip
    return AnnotatedImage(record, (), Path('x'))


def cases_of(*view_names, **options):
    images = [image(number, name) for number, name in enumerate(view_names)]
    return {
        group.case_id: [member.record.view_name for member in group.images] for group in group_cases(images, **options)
    }


def test_two_breasts_of_two_views():
    assert cases_of('rmlo', 'lcc', 'lmlo', 'rcc') == {'P1/S1/R': ['rcc', 'rmlo'], 'P1/S1/L': ['lcc', 'lmlo']}


def test_repeats_and_leftovers_become_further_cases():
    assert cases_of('lmlo', 'lcc2', 'lcc', 'lmlo1', 'lmlo2') == {
        'P1/S1/L': ['lcc', 'lmlo'],
        'P1/S1/L#2': ['lcc2', 'lmlo1'],
        'P1/S1/L#3': ['lmlo2'],
    }


def test_standard_projections_are_paired_first():
    assert cases_of('lxccl', 'lat', 'lcc', 'lml', 'lmlo') == {
        'P1/S1/L': ['lcc', 'lmlo'],
        'P1/S1/L#2': ['lat', 'lml'],
        'P1/S1/L#3': ['lxccl'],
    }


def test_one_view_is_a_case():
    assert cases_of('rmlo') == {'P1/S1/R': ['rmlo']}


def test_by_image_each_is_a_case_with_labels_of_its_own():
    assert cases_of('lcc', 'lmlo', group_by='image') == {'P1/S1/L': ['lcc'], 'P1/S1/L#2': ['lmlo']}
    groups = group_cases([image(0, 'lcc'), image(1, 'lmlo')], 'image')
    assert all(group.members == group.images for group in groups)


def test_every_case_of_a_breast_knows_all_its_images():
    groups = group_cases([image(number, name) for number, name in enumerate(('lcc', 'lmlo', 'lcc2', 'rcc'))])
    assert [len(group.members) for group in groups] == [3, 3, 1]


def test_cases_say_what_is_missing():
    views = ('lcc', 'lmlo', 'lcc2', 'rmlo')
    groups = group_cases([image(number, name) for number, name in enumerate(views)])
    assert [(group.case_id, group.status, group.reason) for group in groups] == [
        ('P1/S1/L', 'complete', ''),
        ('P1/S1/L#2', 'missing', 'no further oblique or lateral view beside lcc2'),
        ('P1/S1/R', 'missing', 'no craniocaudal view beside rmlo'),
    ]


def test_modalities_are_not_mixed():
    images = [image(0, 'lcc'), image(1, 'lcc', modality='FFDM'), image(2, 'lmlo', modality='FFDM')]
    groups = group_cases(images)
    assert [(group.case_id, len(group.images)) for group in groups] == [('P1/S1/L/DBT', 1), ('P1/S1/L/FFDM', 2)]


names = st.builds(
    '{}{}{}'.format, st.sampled_from('lr'), st.sampled_from([p.value.lower() for p in ViewPosition]), st.integers(1, 3)
)
patients, modalities = st.sampled_from(['P1', 'P2']), st.sampled_from(['DBT', 'FFDM'])


@settings(deadline=None)
@given(st.lists(st.tuples(names, patients, modalities), max_size=30, unique=True), st.sampled_from(['image', 'breast']))
def test_every_image_is_in_exactly_one_case(views, group_by):
    images = [image(number, *view) for number, view in enumerate(views)]
    groups = group_cases(images, group_by)
    used = Counter(member.record.id for group in groups for member in group.images)
    assert used == Counter(range(len(images)))
    assert len({group.case_id for group in groups}) == len(groups)
    for group in groups:
        assert 1 <= len(group.images) <= (1 if group_by == 'image' else 2)
        assert len({(*member.record.breast_id, member.record.modality) for member in group.images}) == 1
        families = [member.record.view_key.position.is_craniocaudal for member in group.images]
        assert families in ([True], [False], [True, False])
