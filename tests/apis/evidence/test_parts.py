"""Parts of evidence that need no model."""

from __future__ import annotations

import hashlib
import hmac
import json
from importlib.metadata import version

import pytest

from mammo_plugins.apis.evidence.bill_of_materials import bill_of_materials
from mammo_plugins.apis.evidence.checklists import BY_HAND, FILLED, PARTLY, mark_checklists
from mammo_plugins.apis.evidence.number_text import difference_text, estimate_text, p_text, share_text
from mammo_plugins.apis.evidence.perturbations import perturbed_loading, without_second_views
from mammo_plugins.apis.evidence.run_time import study_times
from mammo_plugins.apis.evidence.seal import is_signed_by, sign
from mammo_plugins.io import AnnotationSet, ImageRecord
from mammo_plugins.io.canonical_json import canonical_bytes, digest_of

SECTIONS = {'plan', 'flow', 'unreadable', 'partition', 'population', 'numbers', 'curves', 'calibration', 'subgroups',
            'failures', 'robustness', 'repeatability', 'run-time', 'software', 'checklists'}  # fmt: skip


def test_canonical_form_depends_on_values_alone():
    assert canonical_bytes({'b': [1, 2.5, None], 'a': 'é'}) == '{"a":"é","b":[1,2.5,null]}'.encode()
    assert digest_of({'a': 1, 'b': 2}) == digest_of({'b': 2, 'a': 1}) != digest_of({'a': 1, 'b': 2.5})


def test_signature_is_hmac_sha256():
    key, digest = b'k' * 32, digest_of({'a': 1})
    assert sign(digest, key) == {
        'method': 'HMAC-SHA256', 'value': hmac.new(key, digest.encode(), hashlib.sha256).hexdigest()
    }  # fmt: skip
    assert is_signed_by(digest, sign(digest, key), key)
    assert not is_signed_by(digest, sign(digest, key), b'l' * 32) and not is_signed_by(digest, None, key)


def test_checklists_have_all_items_once_and_lead_to_sections():
    claim, accuracy, metrics = mark_checklists(SECTIONS)
    assert [item['number'] for item in claim['items']] == [str(n) for n in range(1, 45)]
    assert [item['number'] for item in metrics['items']] == [str(n) for n in range(1, 31)]
    parts = {15: 'abcd', 16: 'abc', 17: 'ab', 26: 'ab', 40: 'ab'}
    assert [item['number'] for item in accuracy['items']] == [
        f'{n}{part}' for n in range(1, 41) for part in parts.get(n, [''])
    ]
    for checklist in (claim, accuracy, metrics):
        for item in checklist['items']:
            assert set(item['sections']) <= SECTIONS
            assert (item['state'] == FILLED) <= bool(item['sections'])
            assert (item['state'] == PARTLY) <= bool(item['sections'] and item['rest']), item


def test_item_without_its_sections_is_left_to_a_person():
    claim = mark_checklists(SECTIONS - {'robustness'})[0]
    states = {item['number']: item for item in claim['items']}
    assert states['30']['state'] == PARTLY and states['30']['rest'] == 'left out here: robustness'
    assert {item['state'] for item in mark_checklists(())[0]['items']} == {BY_HAND}


def test_change_comes_right_behind_the_reader():
    chain = [{'type': 'mmdet.LoadMammogram'}, {'type': 'CropBreast'}]
    assert [one['type'] for one in perturbed_loading(chain, {'type': 'RandomNoise'})] == [
        'mmdet.LoadMammogram', 'RepeatableDraw', 'CropBreast'
    ]  # fmt: skip
    with pytest.raises(ValueError, match='has no LoadMammogram'):
        perturbed_loading(chain[1:], {})


def test_only_breasts_with_both_views_lose_one():
    names = [('p1', 'L-CC'), ('p1', 'L-MLO'), ('p1', 'R-MLO'), ('p2', 'L-MLO'), ('p3', 'R-CC')]
    images = [
        ImageRecord(id=n, file_name=f'{n}', width=1, height=1, num_slices=1, patient_id=patient, study_uid='s',
                    view=view, modality='FFDM')
        for n, (patient, view) in enumerate(names, start=1)
    ]  # fmt: skip
    assert [image.id for image in without_second_views(AnnotationSet(images, [])).images] == [1, 3, 4, 5]


def test_bill_is_the_same_for_the_same_installation():
    model = {'name': 'm', 'version': '1', 'digest': 'ab' * 32}
    first, second = bill_of_materials(model), bill_of_materials(model)
    assert (
        first['serialNumber'] == second['serialNumber'] != bill_of_materials({**model, 'version': '2'})['serialNumber']
    )
    assert version('pydicom') == next(one['version'] for one in first['components'] if one['name'] == 'pydicom')
    json.dumps(first, allow_nan=False)


def test_numbers_in_words():
    number = {'value': 0.5, 'low': 0.25, 'high': 1.0, 'numerator': 3, 'denominator': 6}
    assert estimate_text(number) == '0.500 [0.250,\N{NO-BREAK SPACE}1.000]' and share_text(number) == '3 of 6'
    assert estimate_text({**number, 'value': None}) == 'n/a' and share_text({**number, 'denominator': None}) == '3'
    difference = {'difference': -1e-9, 'low': -0.5, 'high': 0.25}
    assert difference_text(difference) == '+0.000 [-0.500,\N{NO-BREAK SPACE}+0.250]'
    assert [p_text(p) for p in (None, 0.0004, 0.0313)] == ['', '< 0.001', '0.031']


def test_times_are_those_of_studies():
    found = study_times({('a', '1'): 1.0, ('b', '1'): 2.0, ('c', '1'): 6.0}, 'cpu')
    assert (found['studies'], found['median_s'], found['slowest_s']) == (3, 2.0, 6.0)
    assert 'not_done' in study_times({}, '')
