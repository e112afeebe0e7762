"""Results to a DICOMweb server: STOW-RS, confirmed by QIDO-RS.

Source: DICOM PS3.18 10.5 (Store Transaction), 10.6 (Search Transaction).
"""

from __future__ import annotations

import http.client
import json
import secrets
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from .destination import DeliveryError, OutgoingFile
from .settings import Destination

_BLOCK_BYTES = 1 << 20
_STORED, _NOTHING = (200, 202), 204
_FAILED_SEQUENCE = '00081198'


class WebSender:
    """A DICOMweb server.

    Args:
        destination: which.
        timeout_seconds: of its answers.
    """

    def __init__(self, destination: Destination, timeout_seconds: float) -> None:
        self._destination, self._timeout = destination, timeout_seconds

    def send(self, files: Sequence[OutgoingFile]) -> None:
        """Stores all objects in one request."""
        boundary = f'mammo-{secrets.token_hex(16)}'
        heads = [f'\r\n--{boundary}\r\nContent-Type: application/dicom\r\n\r\n'.encode() for _ in files]
        end = f'\r\n--{boundary}--\r\n'.encode()
        length = sum(len(head) + file.path.stat().st_size for head, file in zip(heads, files)) + len(end)
        headers = {
            'Content-Type': f'multipart/related; type="application/dicom"; boundary={boundary}',
            'Content-Length': str(length),
            'Accept': 'application/dicom+json',
        }
        status, body = self._ask('POST', '/studies', headers, _parts(heads, files, end))
        if status not in _STORED:
            raise DeliveryError(f'STOW-RS: status {status}')
        if _failures(body, unless_told=status == 202):
            raise DeliveryError('STOW-RS: not all objects were stored')

    def has(self, files: Sequence[OutgoingFile]) -> bool:
        """Asks for each object by QIDO-RS."""
        for file in files:
            one = file.identity
            place = f'/studies/{quote(one.study_uid)}/series/{quote(one.series_uid)}/instances'
            status, body = self._ask(
                'GET', f'{place}?SOPInstanceUID={quote(one.sop_uid)}', {'Accept': 'application/dicom+json'}
            )
            if status in (404, _NOTHING):
                return False
            if status != 200:
                raise DeliveryError(f'QIDO-RS: status {status}')
            if one.sop_uid not in _instances(body):
                return False
        return True

    def ask_commitment(self, files: Sequence[OutgoingFile], transaction_uid: str) -> None:
        """Is no part of DICOMweb."""
        raise DeliveryError('a DICOMweb server does not know storage commitment')

    def _ask(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> tuple[int, bytes]:
        url = urlsplit(self._destination.url)
        if self._destination.authorization is not None:
            headers = {**headers, 'Authorization': self._destination.authorization.read_text().strip()}
        connection: http.client.HTTPConnection
        if url.scheme == 'https':
            connection = http.client.HTTPSConnection(
                url.hostname or '', url.port, timeout=self._timeout, context=self._destination.client_tls()
            )
        else:
            connection = http.client.HTTPConnection(url.hostname or '', url.port, timeout=self._timeout)
        try:
            connection.request(method, f'{url.path}{path}', body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise DeliveryError(f'cannot be reached ({type(error).__name__})', is_down=True) from None
        finally:
            connection.close()


def _parts(heads: Sequence[bytes], files: Sequence[OutgoingFile], end: bytes) -> Iterator[bytes]:
    """The body of a request, block by block."""
    for head, file in zip(heads, files):
        yield head
        try:
            with file.path.open('rb') as stream:
                while block := stream.read(_BLOCK_BYTES):
                    yield block
        except OSError as error:
            raise DeliveryError(f'STOW-RS: a result cannot be read ({type(error).__name__})') from None
    yield end


def _failures(body: bytes, unless_told: bool) -> bool:
    """Whether an answer names objects that were not stored; ``unless_told`` where nobody can read it.

    Source: DICOM PS3.18 10.5.3 (202: failures or mere warnings, which its body tells apart).
    """
    try:
        content = json.loads(body)
    except ValueError:
        return unless_told
    return bool(content.get(_FAILED_SEQUENCE, {}).get('Value')) if isinstance(content, dict) else unless_told


def _instances(body: bytes) -> set[str]:
    try:
        return {uid for one in json.loads(body or b'[]') for uid in one['00080018']['Value']}
    except (ValueError, KeyError, TypeError) as error:
        raise DeliveryError(f'QIDO-RS: no usable answer ({type(error).__name__})') from None
