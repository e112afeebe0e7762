"""Services with a cheap predictor, and a node that takes their results."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('pynetdicom', reason='pynetdicom is not installed: pip install "mammo-plugins[serve]"')
pytest.importorskip('prometheus_client', reason='prometheus-client is not installed: "mammo-plugins[serve]"')

from mammo_plugins.apis.serve.service import Service
from mammo_plugins.apis.serve.settings import ServeSettings
from mammo_plugins.apis.serve.settings_file import parse_settings
from tests.dicom_archive.private_network import free_port

from .archive_node import ArchiveNode
from .fake_predictor import WorkerInside, load_fake


def make_settings(root: Path, archive_port: int, **changes: Any) -> ServeSettings:
    """Quick settings; ``changes`` are keys of tables; ``others`` are destinations beside the first."""
    content: dict[str, Any] = {
        'spool': str(root / 'spool'),
        'receive': {
            'title': 'MAMMO', 'port': free_port(), 'peers': [{'title': 'PACS'}, {'title': 'ARCHIVE'}],
            'minimum_free_gb': 0.0,
        },
        'complete': {'idle_seconds': 0.3},
        'model': {'name': 'mm3d-phantoms', 'tries': 2, 'stop_grace_seconds': 5.0, 'time_limit_seconds': 60.0},
        'results': {},
        'delivery': {'first_wait_seconds': 0.1, 'longest_wait_seconds': 0.4, 'tries': 100, 'timeout_seconds': 5.0},
        'web': {'port': free_port()},
    }  # fmt: skip
    archive = {'name': 'archive', 'title': 'ARCHIVE', 'address': '127.0.0.1', 'port': archive_port}
    content['destination'] = [{**archive, **changes.pop('destination', {})}, *changes.pop('others', ())]
    for table, values in changes.items():
        content[table] = {**content.get(table, {}), **values}
    return parse_settings(content)


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Waits for something that must come."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f'nothing came in {seconds} s'
        time.sleep(0.02)


@pytest.fixture
def cheap_worker(monkeypatch) -> None:
    """Services predict in a thread of their own process; what only a process can do is tested with one."""
    monkeypatch.setattr('mammo_plugins.apis.serve.service.WorkerProcess', WorkerInside)


@pytest.fixture
def archive() -> Iterator[ArchiveNode]:
    """A node that takes results."""
    node = ArchiveNode(free_port()).start()
    yield node
    node.stop()


@pytest.fixture
def start_service(tmp_path, archive) -> Iterator[Callable[..., Service]]:
    """Starts a service with quick settings; ended with the test."""
    running = []

    def start(settings: ServeSettings | None = None, free_bytes: Any = None, **changes: Any) -> Service:
        settings = settings or make_settings(tmp_path, archive.port, **changes)
        service = Service(settings, load_fake, free_bytes=free_bytes)
        running.append(service)
        service.start()
        archive.report_to = settings.receive.title, settings.receive.port
        return service

    yield start
    for service in running:
        service.stop()


@pytest.fixture(scope='session')
def certified(tmp_path_factory) -> tuple[Path, Path]:
    """The files of a key and of a certificate, its own authority, of 127.0.0.1."""
    folder = tmp_path_factory.mktemp('certified')
    key, certificate = folder / 'key.pem', folder / 'certificate.pem'
    try:
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate,
             '-days', '2', '-subj', '/CN=archive', '-addext', 'subjectAltName=IP:127.0.0.1'],
            capture_output=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        pytest.skip('openssl cannot make a certificate here')
    return key, certificate
