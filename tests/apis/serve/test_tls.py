"""Results over encrypted connections: they arrive where certificates agree, and nowhere else."""

from __future__ import annotations

import ssl

import pytest

from mammo_plugins.apis.serve.states import State
from tests.dicom_archive.private_network import free_port

from .archive_node import ArchiveNode
from .conftest import until
from .studies import make_study, send
from .web_archive import WebArchive

pytestmark = pytest.mark.usefixtures('cheap_worker')


@pytest.fixture
def server_tls(certified) -> ssl.SSLContext:
    """Of an archive, which asks for a certificate that it knows."""
    key, certificate = certified
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificate)
    return context


@pytest.fixture
def own_files(certified) -> dict[str, str]:
    """Keys of a destination that knows the archive and is known to it."""
    key, certificate = map(str, certified)
    return {'tls_certificate': certificate, 'tls_key': key, 'tls_authorities': certificate}


@pytest.fixture
def web_archive(server_tls):
    with WebArchive(server_tls) as archive:
        yield archive


def _deliver(start_service, tmp_path, destination):
    service = start_service(destination=destination, delivery={'tries': 2})
    assert send(service.settings.receive.port, make_study(tmp_path / 'study')) == [0] * 4
    until(lambda: service.table.count()[State.DONE] + service.table.count()[State.DEAD_LETTER])
    return service.table.count()


def test_dicom_over_tls(start_service, own_files, server_tls, tmp_path):
    node = ArchiveNode(free_port(), tls=server_tls).start()
    try:
        counts = _deliver(start_service, tmp_path, {'port': node.port, 'tls': True, 'confirm': 'find', **own_files})
        assert counts[State.DONE] == 1
        assert len(node.received) == 1
    finally:
        node.stop()


@pytest.mark.parametrize('left_out', [('tls_authorities',), ('tls_certificate', 'tls_key')], ids=['archive', 'own'])
def test_dicom_to_who_cannot_be_verified_is_not_sent(left_out, start_service, own_files, server_tls, tmp_path):
    node = ArchiveNode(free_port(), tls=server_tls).start()
    files = {key: value for key, value in own_files.items() if key not in left_out}
    try:
        counts = _deliver(start_service, tmp_path, {'port': node.port, 'tls': True, **files})
        assert counts[State.DEAD_LETTER] == 1
        assert not node.received
    finally:
        node.stop()


def test_dicomweb_over_https_with_authorization(start_service, own_files, web_archive, tmp_path):
    token = tmp_path / 'token'
    token.write_text('Bearer abc\n')
    url = f'https://127.0.0.1:{web_archive.port}/dicom-web'
    wanted = {'kind': 'stow', 'url': url, 'confirm': 'qido', 'authorization': str(token), **own_files}
    counts = _deliver(start_service, tmp_path, wanted)
    assert counts[State.DONE] == 1
    assert len(web_archive.received) == 1
    assert web_archive.authorizations == {'Bearer abc'}


@pytest.mark.parametrize(
    ('host', 'left_out'),
    [('127.0.0.1', ('tls_authorities',)), ('127.0.0.1', ('tls_certificate', 'tls_key')), ('localhost', ())],
    ids=['unknown authority', 'no certificate of its own', 'certificate of another name'],
)
def test_https_to_who_cannot_be_verified_is_not_sent(host, left_out, start_service, own_files, web_archive, tmp_path):
    files = {key: value for key, value in own_files.items() if key not in left_out}
    wanted = {'kind': 'stow', 'url': f'https://{host}:{web_archive.port}', **files}
    counts = _deliver(start_service, tmp_path, wanted)
    assert counts[State.DEAD_LETTER] == 1
    assert not web_archive.received
