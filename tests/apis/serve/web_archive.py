"""A DICOMweb server that takes results (PS3.18 10.5) and says which it has (10.6)."""

from __future__ import annotations

import json
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

from pydicom import dcmread


class WebArchive:
    """Listens on loopback while it is used as a context.

    Args:
        tls: what its sockets are wrapped with; plain HTTP without it.

    Attributes:
        answer: status and content of the answer to what comes; None in place of JSON is no body at all.
        received: SOP Instance UID to the file that came.
        authorizations: the headers that came.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answer: tuple[int, object] = (200, {})
        self.received: dict[str, bytes] = {}
        self.authorizations: set[str | None] = set()
        archive = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                boundary = re.search('boundary="?([^";]+)', self.headers['Content-Type']).group(1)
                body = self.rfile.read(int(self.headers['Content-Length']))
                for part in body.split(f'--{boundary}'.encode())[1:-1]:
                    file = part.partition(b'\r\n\r\n')[2].removesuffix(b'\r\n')
                    archive.received[dcmread(BytesIO(file)).SOPInstanceUID] = file
                status, content = archive.answer
                self._answer(content, status)

            def do_GET(self) -> None:
                (uid,) = parse_qs(urlsplit(self.path).query)['SOPInstanceUID']
                self._answer([{'00080018': {'vr': 'UI', 'Value': [uid]}}] if uid in archive.received else [])

            def _answer(self, content: object, status: int = 200) -> None:
                archive.authorizations.add(self.headers['Authorization'])
                body = b'' if content is None else json.dumps(content).encode()
                self.send_response(status)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]

    def __enter__(self) -> WebArchive:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
