import pytest

from mammo_plugins.datasets.annotated_image import read_annotation_files, select_images
from mammo_plugins.datasets.case_filter import CaseFilter


def test_default_keeps_everything(release):
    images = select_images(read_annotation_files([release.path]))
    assert CaseFilter().select_images(images) == images


def test_positions_and_manufacturers_select_images(release):
    images = CaseFilter(positions=['CC'], manufacturers=['vendor of P2']).select_images(
        select_images(read_annotation_files([release.path]), 'DBT')
    )
    assert [(image.record.patient_id, image.record.view) for image in images] == [('P2', 'L-CC'), ('P2', 'R-CC')]


def test_only_unannotated_malignant_cases_can_be_dropped(make_dataset, release):
    dataset = make_dataset(release.path, modality='FFDM', filter_cfg=dict(drop_unannotated=True))
    assert [dataset.get_data_info(index)['case_id'] for index in range(len(dataset))] == [
        'P1/P1-S/L', 'P1/P1-S/R', 'P2/P2-S/R', 'P3/P3-S/L', 'P3/P3-S/R',
    ]  # fmt: skip


def test_unknown_position_is_quoted():
    with pytest.raises(ValueError, match=r"unknown positions \['MOL'\]"):
        CaseFilter(positions=['MOL'])


def test_unknown_rule_is_an_error(make_dataset, release):
    with pytest.raises(TypeError, match='min_size'):
        make_dataset(release.path, filter_cfg=dict(min_size=3))


def test_cases_of_unknown_labels_can_be_dropped(make_dataset, release):
    options = dict(modality='FFDM', labels=['malignant', 'benign'])
    everything = make_dataset(release.path, **options)
    known = make_dataset(release.path, filter_cfg=dict(known_labels=['malignant']), **options)
    assert len(known) == len(everything) == 6  # every image says whether it is malignant
    some = make_dataset(release.path, group_by='image', filter_cfg=dict(known_labels=['benign']), **options)
    assert [some.get_data_info(index)['case_id'] for index in range(len(some))] == ['P1/P1-S/R']  # has a benign finding
    with pytest.raises(ValueError, match=r"known_labels of filter_cfg has \['density'\]"):
        make_dataset(release.path, filter_cfg=dict(known_labels=['density']), **options)
