"""Settings: everything that is wrong is named at once, with what is expected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mammo_plugins.apis.serve.example import EXAMPLE
from mammo_plugins.apis.serve.settings_file import SettingsError, read_serve_settings
from mammo_plugins.commands import main as mammo

_SECOND = '[[destination]]\nname = "pacs"\ntitle = "X"\naddress = "::1"\nport = 1\n'


@pytest.fixture
def write(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / 'serve.toml'
        path.write_text(text)
        return path

    return write


def test_example_is_what_a_service_starts_with(write, capsys):
    assert mammo.main(['serve', '--example']) == 0
    path = write(capsys.readouterr().out)
    settings = read_serve_settings(path)
    assert settings.receive.title == 'MAMMO' and settings.destinations[0].name == 'pacs'
    assert mammo.main(['serve', str(path), '--check']) == 0
    assert 'settings are complete: MAMMO at port 11112, model mm3d-phantoms' in capsys.readouterr().out


def test_values_of_the_example_that_are_commented_out_are_the_defaults(write, tmp_path):
    text = re.sub(r'^# (?=\w+ = )', '', EXAMPLE, flags=re.MULTILINE)
    for name in ('server.pem', 'server.key', 'peers.pem', 'client.pem', 'client.key', 'archive.pem', 'token'):
        text = re.sub(rf'^.*"/etc/mammo/{name}".*\n', '', text, flags=re.MULTILINE)
    text = re.sub(r'^(url|device) = .*\n', '', text, flags=re.MULTILINE)
    plain, full = read_serve_settings(write(EXAMPLE)), read_serve_settings(write(text))
    for part in ('receive', 'complete', 'model', 'delivery', 'retention', 'web', 'destinations'):
        assert getattr(full, part) == getattr(plain, part)
    assert dict(full.results.settings) == {'manufacturer': 'mammo_plugins'}


def test_every_wrong_key_is_named_with_what_is_expected(write, capsys):
    path = write(
        r"""
        spol = "/tmp/x"
        [receive]
        title = "A\\B"
        prt = 1
        other_objects = "keep"
        tls_key = "/nowhere"
        [complete]
        idle_seconds = -1
        four_views_of = ["CT"]
        [model]
        name = "mm3d-phantoms"
        tries = 2.5
        [results]
        kinds = ["cad-sr", "pdf"]
        finding = "mass"
        optional_from = 0.9
        required_from = 0.2
        [[destination]]
        name = "a b"
        [[destination]]
        name = "web"
        kind = "stow"
        confirm = "commitment"
        """
    )
    assert mammo.main(['serve', str(path)]) == 2
    told = capsys.readouterr().err
    for line in (
        'spol is unknown: did you mean spool?',
        'spool is missing: expected a text that is not empty',
        "receive.title = 'A\\\\B': expected an AE title",
        'receive.prt is unknown: did you mean port?',
        'receive.port is missing: expected a whole number from 1 to 65535',
        "receive.other_objects = 'keep': expected one of refuse, ignore",
        "receive.tls_key = '/nowhere': expected a file that exists",
        'receive.peers: expected who may send',
        'complete.idle_seconds = -1: expected a number from 0 to',
        "complete.four_views_of = ['CT']: expected a list of different ones of FFDM, SM, DBT",
        'model.tries = 2.5: expected a whole number',
        'results.kinds: unknown kind pdf',
        "results.finding = 'mass'",
        'results.optional_from: expected a score that is not above required_from',
        "destination[0].name = 'a b': expected a name of",
        'destination[1]: kind = "stow" and confirm = "qido" need the url',
        'destination[1]: confirm = "commitment" needs kind = "dicom"',
    ):
        assert line in told, line


@pytest.mark.parametrize(
    ('text', 'told'),
    [
        ('spool = ', 'is no TOML file'),
        ('', 'destination: expected one [[destination]] or more'),
        ('receive = 3', 'receive = 3: expected a table'),
        (
            EXAMPLE.replace('"PACS", address = "127.0.0.1"', '"PACS", address = "pacs.example"'),
            "receive.peers[0].address = 'pacs.example': expected an IP address",
        ),
        (EXAMPLE + _SECOND, 'expected different names'),
        (EXAMPLE.replace('# tls = false', 'tls_key = "/etc/hostname"'), 'tls_certificate and tls_key go together'),
        (EXAMPLE.replace('# tls = false', 'tls_authorities = "/etc/hostname"'), 'certificates cannot be used'),
        (EXAMPLE.replace('# tls = false', 'tls_authorities = "/etc/hostname"'), 'nothing would be encrypted'),
        (
            EXAMPLE.replace('# confirm = "none"', 'confirm = "commitment"').replace('"PACS", add', '"MODALITY", add'),
            'destination pacs: confirm = "commitment" needs PACS in receive.peers',
        ),
        (
            EXAMPLE.replace('# network_timeout_seconds = 60.0', 'tls_authorities = "/etc/hostname"'),
            'receive.tls_authorities needs tls_certificate and tls_key',
        ),
    ],
)  # fmt: skip
def test_files_that_no_service_can_start_with(text, told, write):
    with pytest.raises(SettingsError, match=re.escape(told)):
        read_serve_settings(write(text))


def test_missing_model_and_missing_file_are_told(write, capsys, tmp_path):
    assert mammo.main(['serve', str(write(EXAMPLE.replace('mm3d-phantoms', 'nothing'))), '--check']) == 2
    assert "no model 'nothing'" in capsys.readouterr().err
    assert mammo.main(['serve', str(tmp_path / 'none.toml')]) == 2
    assert mammo.main(['serve']) == 2
    assert 'mammo serve --example' in capsys.readouterr().err
