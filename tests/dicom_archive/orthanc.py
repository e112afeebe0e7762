"""Orthanc on loopback: DICOM, REST and DICOMweb, with storage that goes with it."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.dicom_validation.installed import needed_file, needed_program

from .private_network import free_port, private_network

_START_SECONDS = 30
_PLUGINS = (('libOrthancDicomWeb.so', 'orthanc-dicomweb'), ('libOrthancGdcm.so', 'orthanc-gdcm'))


@dataclass
class Orthanc:
    """An archive with its storage in a folder.

    Attributes:
        folder: where it stores.
        isolated: whether it runs in a network of its own.
        dicom_port, http_port: both on 127.0.0.1.
        peer_port: port at which it looks for the node :attr:`peer_title`; listen there to receive from it.
    """

    folder: Path
    isolated: bool
    dicom_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    peer_port: int = field(default_factory=free_port)
    title: str = 'ORTHANC'
    peer_title: str = 'MAMMO'
    process: subprocess.Popen | None = None

    def start(self) -> None:
        """Starts it, again with what it has stored; skips the test where it is not installed."""
        program = needed_program('Orthanc', 'orthanc')
        plugins = [needed_file(f'/usr/share/orthanc/plugins/{name}', package) for name, package in _PLUGINS]
        settings, log = self.folder / 'orthanc.json', self.folder / 'orthanc.log'
        settings.write_text(json.dumps(_configuration(self, plugins)))
        with log.open('ab') as file:
            self.process = subprocess.Popen([program, str(settings)], stdout=file, stderr=file, cwd=self.folder)
        limit = time.monotonic() + _START_SECONDS
        while self.process.poll() is None and time.monotonic() < limit:
            try:
                self.get('/system')
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        said = log.read_text(errors='replace')[-3000:]
        raise RuntimeError(f'Orthanc did not start within {_START_SECONDS} s:\n{said}')

    def stop(self) -> None:
        """Ends it; what it stored stays."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

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
    with private_network() as isolated:
        archive = Orthanc(folder, isolated)
        try:
            archive.start()
            yield archive
        finally:
            archive.stop()


def _configuration(archive: Orthanc, plugins: list[Path]) -> dict[str, Any]:
    return {
        'Name': 'tests',
        'StorageDirectory': str(archive.folder / 'storage'),
        'IndexDirectory': str(archive.folder / 'index'),
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
