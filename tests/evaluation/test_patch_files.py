from __future__ import annotations

import pytest

from mammo_plugins.evaluation import ImageKey
from mammo_plugins.evaluation.patch_files import ImagePatch, read_patches, write_patches

PATCHES = [
    ImagePatch(ImageKey('p', 's', 'lcc'), 1, (-16.25, 0.1, 15.75, 32.3), 1 / 3),
    ImagePatch(ImageKey('p', 's', 'lcc', 'SM'), 2, (40.0, 8.0, 72.0, 40.0)),
]


def test_patches_are_read_as_they_were_written(tmp_path):
    write_patches(tmp_path, PATCHES)
    for patch, expected in zip(read_patches(tmp_path), PATCHES, strict=True):
        assert patch.box_xyxy == pytest.approx(expected.box_xyxy)
        assert (patch.key, patch.number, patch.weight) == (expected.key, expected.number, expected.weight)


def test_modality_has_a_column_only_where_it_tells_images_apart(tmp_path):
    assert write_patches(tmp_path, PATCHES[:1]).read_text().splitlines()[0].endswith('Height,Weight')
    assert write_patches(tmp_path, PATCHES).read_text().splitlines()[0].endswith('Weight,Modality')


def test_folder_of_a_model_without_patches_has_none(tmp_path):
    assert read_patches(tmp_path) == []


@pytest.mark.parametrize(
    ('before', 'after', 'message'),
    [
        ('Height', 'Length', r'patches.csv lacks the columns Height'),
        ('32.0,8.0', '0.0,8.0', 'line 3: a patch needs a place, an area'),
        ('40.0,32.0', 'nan,32.0', 'line 3: a patch needs a place'),
        (',2,', ',second,', "line 3: invalid literal .*'second'"),
        ('0.3333333333333333', '33.3', 'line 2: .* a weight from 0 to 1 or none'),
    ],
)
def test_unusable_table_is_refused(before, after, message, tmp_path):
    path = write_patches(tmp_path, PATCHES)
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    with pytest.raises(ValueError, match=message):
        read_patches(tmp_path)
