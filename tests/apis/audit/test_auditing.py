"""Audits of phantoms: sound ones, and a copy with a fault of every kind."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from mammo_plugins.apis.audit.auditing import audit_dataset, write_audit_json, write_audit_page
from mammo_plugins.commands.audit import main
from mammo_plugins.datasets.audit import CHECKS
from mammo_plugins.datasets.audit.check_catalogue import PIXELS
from tests.apis.audit.audit_faults import FaultyDataset, plant_header_faults, plant_pixel_faults, plant_record_faults


@pytest.fixture(scope='module', name='faulty')
def faulty_fixture(phantom_root, tmp_path_factory) -> FaultyDataset:
    data = FaultyDataset(phantom_root, tmp_path_factory.mktemp('faulty'))
    plant_record_faults(data)
    plant_header_faults(data)
    plant_pixel_faults(data)
    return data.write()


@pytest.fixture(scope='module', name='sound_audit')
def sound_audit_fixture(phantom_root):
    return audit_dataset(phantom_root / 'phantoms.json', workers=0, show_progress=False)


@pytest.fixture(scope='module', name='faulty_audit')
def faulty_audit_fixture(faulty):
    return audit_dataset(faulty.path, workers=0, show_progress=False)


def found_in(audit):
    return {(f.check, f.severity, number) for f in audit.findings for number in (f.image_ids or (None,))}


def without_notes(found):
    return {entry for entry in found if entry[1] != 'note'}


def run(path, *options):
    return main([str(path), '--no-progress', '--workers', '0', *map(str, options)])


def test_sound_phantoms_give_no_error_and_no_warning(sound_audit):
    assert sound_audit.counts['error'] == sound_audit.counts['warning'] == 0
    assert sound_audit.coverage['pixels_read'] == sound_audit.coverage['images'] == 74
    assert not sound_audit.has_failed('warning') and sound_audit.has_failed('note')


def test_each_planted_fault_is_found_where_it_is_and_nowhere_else(faulty, faulty_audit):
    found = found_in(faulty_audit)
    assert without_notes(found) == faulty.planted
    assert faulty.notes <= found


def test_every_check_but_five_has_a_planted_fault(faulty, sound_audit):
    covered = {check for check, _, _ in faulty.planted | faulty.notes}
    # A copied file is told by its pixels already, and phantoms leave no row out, are breasts, lie upright and are not
    # computed from volumes; all have tests of their own.
    assert set(CHECKS) - covered == {'duplicate_file', 'conversion', 'purpose', 'way_up', 'computed'}


def test_without_pixels_all_but_the_faults_of_pixels_are_found(faulty):
    audit = audit_dataset(faulty.path, read_pixels=False, workers=0, show_progress=False)
    needs_pixels = {name for name, check in CHECKS.items() if check.looks_at == PIXELS}
    expected = {entry for entry in faulty.planted if entry[0] not in needs_pixels}
    assert without_notes(found_in(audit)) == expected
    assert audit.coverage['pixels_wanted'] == 0 and audit.coverage['headers_read'] == 72


def test_sample_decodes_some_and_checks_the_headers_of_all(faulty, tmp_path):
    audit = audit_dataset(faulty.path, sample=5, seed=1, workers=0, show_progress=False)
    assert (audit.coverage['pixels_wanted'], audit.coverage['headers_read']) == (5, 72)
    assert ('unreadable_file', 'error') in {(f.check, f.severity) for f in audit.findings}
    text = write_audit_page(audit, tmp_path / 'audit.html').read_text()
    assert 'Only a random sample of 5 of 73 images was looked at (--sample)' in text
    again = audit_dataset(faulty.path, sample=5, seed=1, workers=0, show_progress=False)
    assert again.findings == audit.findings


def test_processes_find_the_same(faulty, faulty_audit):
    assert audit_dataset(faulty.path, workers=2, show_progress=False).findings == faulty_audit.findings


def test_page_lists_findings_tables_and_pictures(faulty, faulty_audit, tmp_path):
    text = write_audit_page(faulty_audit, tmp_path / 'audit.html').read_text()
    for expected in (
        'Audit of phantoms.json',
        'slice 25 lies outside the volume, which has slices 0 to 9',
        'truncated: rows, columns and frames need',
        'Phantom Vendor A',
        'min_box_mm',
        'Contact sheet',
    ):
        assert expected in text
    boxed = faulty.image('P00004', 'rcc', 'SM')  # the box over the border
    figure = re.search(rf'<figure(?:(?!</figure>).)*image {boxed["id"]},.*?</figure>', text, re.DOTALL)[0]
    assert 'left:92.105%;top:42.105%;width:15.789%;height:8.772%' in figure
    assert 'class="box benign flagged"' in figure


def test_volume_is_shown_at_the_annotated_slice(phantom_root, sound_audit, tmp_path):
    image = next(i for i in sound_audit.images if i.record.modality == 'DBT' and i.malignancy == 1 and i.findings)
    text = write_audit_page(sound_audit, tmp_path / 'audit.html', pictures=200).read_text()
    figure = re.search(rf'alt="image {image.record.id},.*?</figure>', text, re.DOTALL)[0]
    assert f'slice {image.findings[0].slice_index} (0 to {image.record.num_slices - 1})' in figure
    assert 'class="box malignant' in figure and 'class="box malignant away' not in figure


def test_reports_hold_no_name_and_no_id_of_a_header(faulty, faulty_audit, tmp_path):
    page = write_audit_page(faulty_audit, tmp_path / 'audit.html').read_text()
    numbers = write_audit_json(faulty_audit, tmp_path / 'audit.json').read_text()
    for text in (page, numbers):
        assert 'Phantom^' not in text  # Patient's Name of every phantom
        assert '1.2.3.4' not in text  # a SOP Instance UID that no annotation holds


def test_json_holds_everything(faulty, faulty_audit, tmp_path):
    content = json.loads(write_audit_json(faulty_audit, tmp_path / 'audit.json').read_text())
    assert len(content['findings']) == len(faulty_audit.findings)
    assert content['counts'] == faulty_audit.counts
    assert content['thresholds']['min_box_mm'] == 1.0
    assert content['checks']['slice'] == {'was_run': True, 'error': 1, 'warning': 0, 'note': 0}
    assert content['tables']['Class balance'][0]['Split'] == 'train'


@pytest.mark.parametrize(
    ('options', 'code'),
    [((), 1), (('--fail-on', 'error'), 1), (('--fail-on', 'warning'), 1), (('--fail-on', 'never'), 0)],
)
def test_errors_decide_the_exit_code(faulty, capsys, options, code):
    assert run(faulty.path, '--no-pixels', *options) == code
    assert 'error: slice: box' in capsys.readouterr().out


def test_sound_data_exits_with_0_even_when_warnings_count(phantom_root, tmp_path, capsys):
    out = tmp_path / 'audit.html'
    assert run(phantom_root / 'phantoms.json', '--fail-on', 'warning', '--html', out) == 0
    printed = capsys.readouterr().out
    assert '0 errors, 0 warnings, ' in printed and str(out) in printed and out.is_file()


def test_warnings_alone_fail_only_when_asked_to(phantom_root, tmp_path):
    content = json.loads((phantom_root / 'phantoms.json').read_text())
    content['info']['root'] = str(phantom_root / 'phantoms')
    content['annotations'].append({**content['annotations'][0], 'id': 99})
    (tmp_path / 'ann.json').write_text(json.dumps(content))
    assert run(tmp_path / 'ann.json', '--no-pixels') == 0
    assert run(tmp_path / 'ann.json', '--no-pixels', '--fail-on', 'warning') == 1


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--sample', '0'], 'a sample of 0 images shows nothing'),
        (['--min-box-mm', '200'], 'min_box_mm is 200.0, above max_box_mm'),
        (['--workers', '-2'], '-2 workers cannot work'),
    ],
)
def test_impossible_options_exit_with_2(phantom_root, capsys, options, message):
    assert run(phantom_root / 'phantoms.json', *options) == 2
    assert message in capsys.readouterr().err


def test_files_that_cannot_be_audited_exit_with_2(tmp_path, capsys):
    assert run(tmp_path / 'missing.json') == 2
    assert 'does not exist' in capsys.readouterr().err
    (tmp_path / 'ann.json').write_text('{"info": {"root": ""}, "images": [], "annotations": []}')
    assert run(tmp_path / 'ann.json') == 2
    assert 'holds no image: there is nothing to audit' in capsys.readouterr().err


def test_file_that_training_could_not_read_is_an_error(phantom_root, tmp_path, capsys):
    content = json.loads((phantom_root / 'phantoms.json').read_text())
    content['info']['root'] = str(phantom_root / 'phantoms')
    content['annotations'][0]['iscrowd'] = 1
    (tmp_path / 'ann.json').write_text(json.dumps(content))
    assert run(tmp_path / 'ann.json', '--no-pixels') == 1
    assert 'error: broken_record: annotation file: annotations[0] (id 1): iscrowd' in capsys.readouterr().out


def test_thresholds_are_options(phantom_root, capsys):
    assert run(phantom_root / 'phantoms.json', '--no-pixels', '--max-box-mm', '10', '--fail-on', 'warning') == 1
    assert 'above 10 mm' in capsys.readouterr().out


def test_tool_runs_in_processes_of_its_own(phantom_root, repository):
    command = [
        sys.executable,
        'tools/audit_dataset.py',
        phantom_root / 'phantoms.json',
        '--no-pixels',
        '--workers',
        '2',
    ]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '0 errors, 0 warnings' in done.stdout
