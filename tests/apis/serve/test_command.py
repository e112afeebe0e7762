"""``mammo serve`` as a hospital starts it: the default model, a phantom exam, SIGTERM."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys

import pytest
from pydicom import dcmread

from mammo_plugins.commands import main as mammo
from tests.dicom_archive.data_set import data_set_bytes
from tests.dicom_archive.private_network import free_port

from .conftest import until
from .studies import send

SETTINGS = """
spool = "{root}/spool"
[receive]
title = "MAMMO"
port = {port}
peers = [{{ title = "PACS", address = "127.0.0.1" }}]
minimum_free_gb = 0.0
[complete]
idle_seconds = 1.0
[model]
name = "mm3d-phantoms"
device = "cpu"
[[destination]]
name = "archive"
title = "ARCHIVE"
address = "127.0.0.1"
port = {archive}
confirm = "find"
[web]
port = {web}
"""


@pytest.fixture
def config(tmp_path, archive):
    path = tmp_path / 'serve.toml'
    path.write_text(SETTINGS.format(root=tmp_path, port=free_port(), archive=archive.port, web=free_port()))
    return path


def test_phantom_exam_gives_the_report_that_mammo_predict_writes(config, archive, tmp_path, capsys):
    exam = tmp_path / 'exam'
    assert mammo.main(['phantoms', 'exam', str(exam), '--modality', 'FFDM', '--size', '96x64x12']) == 0
    files = sorted(exam.rglob('*.dcm'))
    assert mammo.main(['serve', str(config), '--check']) == 0
    command = [sys.executable, '-m', 'mammo_plugins.commands.main', 'serve', str(config)]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = service.stdout.readline()
        assert line.startswith('MAMMO receives at 127.0.0.1:'), line + service.stderr.read()
        port = int(line.split(';')[0].rpartition(':')[2])
        assert send(port, files) == [0] * len(files)
        until(lambda: archive.received, 400)  # loading torch, on a machine that does other things
    finally:
        service.send_signal(signal.SIGTERM)
        _, told = service.communicate(timeout=60)
    assert service.returncode == 0
    for secret in (str(dcmread(files[0]).PatientName), dcmread(files[0]).PatientID):
        assert secret not in told
    # Results list images in the order of their files, and the service has them in that of their UIDs.
    ordered = tmp_path / 'ordered'
    ordered.mkdir()
    for number, file in enumerate(sorted(files, key=lambda file: dcmread(file).SOPInstanceUID)):
        shutil.copy(file, ordered / f'{number}.dcm')
    assert mammo.main(['predict', str(ordered), '--out', str(tmp_path / 'out'), '--dicom', 'cad-sr']) == 0
    (written,) = (tmp_path / 'out/dicom').rglob('*.dcm')
    ((sent,),) = archive.received.values()
    assert data_set_bytes(sent) == data_set_bytes(written.read_bytes())
    capsys.readouterr()
    assert mammo.main(['serve', str(config), '--verify-log']) == 0
    assert 'the chain is whole' in capsys.readouterr().out
    assert mammo.main(['serve', str(config), '--retry']) == 0
    assert capsys.readouterr().out == '0 dead letters and 0 failed studies are tried again\n'
    log = tmp_path / 'spool/events.jsonl'
    log.write_text(log.read_text().replace('"new"', '"old"', 1))
    assert mammo.main(['serve', str(config), '--verify-log']) == 2
    assert 'the chain is broken at line' in capsys.readouterr().err


def test_port_that_is_taken_is_told(config, tmp_path, capsys, archive):
    config.write_text(re.sub(r'(?<=^port = )\d+', str(archive.port), config.read_text(), count=1, flags=re.MULTILINE))
    assert mammo.main(['serve', str(config)]) == 3, 'systemd tries again, as it does not with wrong settings'
    assert 'ddress already in use' in capsys.readouterr().err
