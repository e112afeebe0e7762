"""``/healthz``, ``/readyz`` and ``/metrics`` over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from .settings import Web

Problems = Callable[[], list[str]]


class WebStatus:
    """A small web server.

    Args:
        settings: where.
        unhealthy: what is wrong with the service itself; it is to be restarted then.
        not_ready: why it should be sent nothing now.
        metrics: their text.
    """

    def __init__(self, settings: Web, unhealthy: Problems, not_ready: Problems, metrics: Callable[[], bytes]) -> None:
        pages = {'/healthz': unhealthy, '/readyz': not_ready}

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                path = self.path.partition('?')[0]
                if path == '/metrics':
                    self._answer(200, metrics(), 'text/plain; version=0.0.4; charset=utf-8')
                elif path in pages:
                    problems = pages[path]()
                    body = json.dumps({'status': 'failing' if problems else 'ok', 'problems': problems})
                    self._answer(503 if problems else 200, body.encode() + b'\n', 'application/json')
                else:
                    self._answer(404, b'not found\n', 'text/plain')

            def _answer(self, status: int, body: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header('Content-Type', kind)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Says nothing: a line each scrape would fill the log."""

        self._server = ThreadingHTTPServer((settings.address, settings.port), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.1,), name='web', daemon=True)

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, also where it never began."""
        if self._thread.is_alive():
            self._server.shutdown()  # waits for a loop, for ever where none ran
            self._thread.join()
        self._server.server_close()
