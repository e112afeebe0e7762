"""Orthanc on loopback: DICOM, REST and DICOMweb, with storage that goes with it."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.dicom_validation.installed import needed_file, needed_program

from .private_network import free_port, private_network

_START_SECONDS = 30
_PLUGINS = (('libOrthancDicomWeb.so', 'orthanc-dicomweb'), ('libOrthancGdcm.so', 'orthanc-gdcm'))


@dataclass(frozen=True)
class Orthanc:
    """A running archive.

    Attributes:
        dicom_port, http_port: both on 127.0.0.1.
        peer_port: port at which it looks for the node :attr:`peer_title`; listen there to receive from it.
        isolated: whether it runs in a network of its own.
    """

    dicom_port: int
    http_port: int
    peer_port: int
    isolated: bool
    title: str = 'ORTHANC'
    peer_title: str = 'MAMMO'

    def get(self, path: str, accept: str = 'application/json') -> bytes:
        """Body of ``GET path``, for example ``/dicom-web/studies``."""
        return self._answer(urllib.request.Request(self._url(path), headers={'Accept': accept}))

    def ask(self, path: str) -> Any:
        """What ``GET path`` says as JSON."""
        return json.loads(self.get(path))

    def post(self, path: str, body: Any) -> Any:
        """What ``POST path`` of a JSON body says as JSON."""
        return json.loads(self._answer(urllib.request.Request(self._url(path), json.dumps(body).encode())))

    def changes(self, kind: str) -> list[dict]:
        """What happened of one kind, such as ``StableStudy``, the oldest first."""
        return [change for change in self.ask('/changes?limit=1000')['Changes'] if change['ChangeType'] == kind]

    def _url(self, path: str) -> str:
        return f'http://127.0.0.1:{self.http_port}{path}'

    @staticmethod
    def _answer(request: urllib.request.Request) -> bytes:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as response:
            return response.read()


@contextmanager
def running_orthanc(folder: Path) -> Iterator[Orthanc]:
    """Starts an archive with its storage in ``folder`` and ends it; skips the test where it is not installed.

    It listens at all interfaces whatever its configuration says. As root it runs in a network of its own, and so does
    whatever this thread starts meanwhile. DICOM is served to ``MAMMO`` at 127.0.0.1 only.
    """
    program = needed_program('Orthanc', 'orthanc')
    plugins = [needed_file(f'/usr/share/orthanc/plugins/{name}', package) for name, package in _PLUGINS]
    with private_network() as isolated:
        archive = Orthanc(free_port(), free_port(), free_port(), isolated)
        settings = folder / 'orthanc.json'
        settings.write_text(json.dumps(_configuration(archive, folder, plugins)))
        with (folder / 'orthanc.log').open('wb') as log:
            process = subprocess.Popen([program, str(settings)], stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        try:
            _await_start(archive, process, folder / 'orthanc.log')
            yield archive
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _configuration(archive: Orthanc, folder: Path, plugins: list[Path]) -> dict[str, Any]:
    return {
        'Name': 'tests',
        'StorageDirectory': str(folder / 'storage'),
        'IndexDirectory': str(folder / 'index'),
        'Plugins': list(map(str, plugins)),
        'HttpPort': archive.http_port,
        'DicomPort': archive.dicom_port,
        'DicomAet': archive.title,
        'DicomCheckCalledAet': True,
        'DicomCheckModalityHost': True,
        **{f'DicomAlwaysAllow{service}': False for service in ('Echo', 'Find', 'FindWorklist', 'Get', 'Move', 'Store')},
        'RemoteAccessAllowed': False,
        'AuthenticationEnabled': False,
        'UnknownSopClassAccepted': False,
        'OverwriteInstances': False,
        'StableAge': 1,
        'DicomModalities': {'mammo': [archive.peer_title, '127.0.0.1', archive.peer_port]},
        'DicomWeb': {'Enable': True, 'Root': '/dicom-web/'},
    }


def _await_start(archive: Orthanc, process: subprocess.Popen, log: Path) -> None:
    limit = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < limit:
        try:
            archive.get('/system')
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise RuntimeError(f'Orthanc did not start within {_START_SECONDS} s:\n{log.read_text(errors="replace")[-3000:]}')
