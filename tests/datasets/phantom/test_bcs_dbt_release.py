"""The tables of a release."""

import csv

import pytest

SPLITS = ('train', 'validation', 'test')
COLUMNS = {
    'file-paths': 'PatientID,StudyUID,View,descriptive_path,classic_path',
    'labels': 'PatientID,StudyUID,View,Normal,Actionable,Benign,Cancer',
    'boxes': 'PatientID,StudyUID,View,Subject,Slice,X,Y,Width,Height,Class,AD,VolumeSlices',
}


def _header(path):
    with path.open(newline='') as stream:
        return ','.join(next(csv.reader(stream)))


@pytest.mark.parametrize('split', SPLITS)
@pytest.mark.parametrize('table', COLUMNS)
def test_columns_are_exactly_those_of_the_release(release, table, split):
    expected = COLUMNS[table]
    if (table, split) == ('boxes', 'train'):
        expected = expected.removesuffix(',VolumeSlices')
    assert _header(release.folder / f'BCS-DBT-{table}-{split}.csv') == expected


def test_columns_of_the_tables_of_all_modalities(release):
    assert _header(release.folder / 'phantom-images.csv') == (
        'patient_id,study_id,view,modality,path,split,width,height,num_slices,rotated_180,manufacturer,malignant,'
        'benign,birads,density,annotated,nipple_x,nipple_y,chest_wall_x1,chest_wall_y1,chest_wall_x2,chest_wall_y2'
    )
    assert _header(release.folder / 'phantom-findings.csv') == (
        'patient_id,study_id,view,modality,finding_id,class,type,x,y,width,height,slice,first_slice,last_slice,mask'
    )


def test_paths_name_files_and_list_tomosynthesis_only(release):
    for split in SPLITS:
        for row in release.rows(f'BCS-DBT-file-paths-{split}'):
            assert (release.folder / row['classic_path']).is_file()
            assert row['classic_path'].split('/')[0] == row['PatientID']
            assert row['StudyUID'] in row['descriptive_path']
    volumes = [row for row in release.images if row['modality'] == 'DBT']
    assert sum(len(release.rows(f'BCS-DBT-file-paths-{split}')) for split in SPLITS) == len(volumes)


def test_labels_are_one_hot_and_agree_with_the_images(release):
    truth = {
        (row['patient_id'], row['view']): (row['benign'], row['malignant'])
        for row in release.images
        if row['modality'] == 'DBT'
    }
    for split in SPLITS:
        for row in release.rows(f'BCS-DBT-labels-{split}'):
            flags = [int(row[name]) for name in ('Normal', 'Actionable', 'Benign', 'Cancer')]
            assert sum(flags) == 1
            benign, malignant = truth[row['PatientID'], row['View']]
            assert row['Cancer'] == malignant
            assert row['Benign'] == ('0' if malignant == '1' else benign)


def test_numbers_are_whole_in_train_and_floats_elsewhere(release):
    for split in SPLITS:
        for row in release.rows(f'BCS-DBT-boxes-{split}'):
            for name in ('Slice', 'X', 'Y', 'Width', 'Height'):
                assert row[name].endswith('.0') == (split != 'train')


def test_boxes_of_volumes_agree_with_the_findings(release):
    count = sum(row['modality'] == 'DBT' for row in release.findings)
    assert sum(len(release.rows(f'BCS-DBT-boxes-{split}')) for split in SPLITS) == count > 0
