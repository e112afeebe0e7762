"""The pages about DICOM results: every command runs, and what they state is what the code writes."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from pydicom import dcmread
from pydicom.uid import UID

from mammo_plugins.commands import main as mammo
from mammo_plugins.io.dicom_out import result_codes as codes
from mammo_plugins.io.dicom_out.result_objects import KINDS
from mammo_plugins.io.dicom_out.result_settings import CODINGS, FINDINGS, ResultSettings, read_settings
from mammo_plugins.io.dicom_out.source_headers import COPIED_KEYWORDS
from mammo_plugins.structures import Laterality
from tests.markdown_commands import read_commands
from tests.markdown_tables import read_tables


@pytest.fixture
def page(repository):
    return (repository / 'docs/dicom_output.md').read_text()


@pytest.fixture
def statement(repository):
    return (repository / 'docs/conformance.md').read_text()


def table(text, column):
    return next(rows for rows in read_tables(text) if column in rows[0])


def block(text, language):
    return re.search(rf'```{language}\n(.*?)```', text, re.DOTALL)[1]


def test_every_command_of_the_page_runs_and_writes_what_the_statement_says(
    page, statement, repository, ffdm_checkpoint, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    shutil.copy(ffdm_checkpoint, 'weights.pth')
    (tmp_path / 'settings.json').write_text(block(page, 'json'))
    commands = read_commands(repository / 'docs/dicom_output.md')
    assert len(commands) == 4
    for program, *arguments in commands:
        assert program == 'mammo' and mammo.main(arguments) == 0, arguments
    objects = [dcmread(path, stop_before_pixels=True) for path in tmp_path.glob('out/dicom/*/*.dcm')]
    stated = {row['kind']: row for row in table(statement, 'SOP class')}
    assert {dataset.SOPClassUID for dataset in objects} <= {row['UID'] for row in stated.values()}
    assert stated.keys() == set(KINDS)
    for row in stated.values():
        assert UID(row['UID']).name == row['SOP class']
    for dataset in objects:
        (row,) = (row for row in stated.values() if row['UID'] == dataset.SOPClassUID)
        assert dataset.Modality == row['modality'] and dataset.SpecificCharacterSet == 'ISO_IR 192'
        assert dataset.file_meta.TransferSyntaxUID == '1.2.840.10008.1.2.1'
        assert (dataset.Manufacturer, dataset.ManufacturerModelName) == ('ACME', 'Finder')
    assert 'DICOM objects written' in capsys.readouterr().out


def test_settings_are_all_named_with_their_defaults(page, tmp_path):
    (tmp_path / 'settings.json').write_text(block(page, 'json'))
    read_settings(tmp_path / 'settings.json')
    assert set(json.loads(block(page, 'json'))) == set(vars(ResultSettings()))
    stated = {name: row['default'] for row in table(page, 'setting') for name in row['setting'].split('`, `')}
    assert {name.strip('`'): value for name, value in stated.items()} == {
        name: str(value) for name, value in vars(ResultSettings()).items()
    }


def test_kinds_are_those_of_the_command(page):
    assert [row['kind'] for row in table(page, 'who reads it')] == list(KINDS)


def test_codes_of_the_statement_are_those_of_the_code(statement):
    stated = {row['where']: row['values'].split(', ') for row in table(statement, 'where')}
    sides = (Laterality.LEFT, Laterality.RIGHT, None)
    summaries = [*codes.SUMMARIES.values(), codes.ALL_FAILED]
    statuses = [codes.SUCCEEDED, codes.PARTIALLY_SUCCEEDED, codes.FAILED, codes.NOT_ATTEMPTED]
    intents = [codes.intent_code(score, 0.5, 0.1) for score in (0.5, 0.1, 0.0)]
    expected = {
        'CAD Processing and Findings Summary (CID 6047)': summaries,
        'Status of results (CID 6042)': statuses,
        'Rendering intent (CID 6034)': intents,
        "Relation of a lesion's findings (CID 6035)": [codes.RELATED_SPATIALLY],
        'Scope of a composite feature (CID 6036)': [codes.ON_SEVERAL_IMAGES],
    }
    for coding in CODINGS:
        findings = [codes.finding_code(finding, coding) for finding in FINDINGS]
        expected[f'Single image finding, composite feature (CID 6014, 6016), {coding}'] = findings
        expected[f'Side (CID 6022), {coding}'] = [codes.side_code(side, coding) for side in sides]
        expected[f'Analyses (CID 6043), {coding}'] = [codes.OVERALL_ANALYSIS, codes.collocation_code(coding)]
    assert stated == {where: [code.value for code in coded] for where, coded in expected.items()}


def test_copied_elements_are_those_that_the_statement_names(statement):
    named = re.search(r'Copied unchanged where the image has them: (.*?)\.\n', statement, re.DOTALL)[1]
    assert re.split(r',\s+', named) == list(COPIED_KEYWORDS)
