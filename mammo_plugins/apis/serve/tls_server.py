"""A server of associations that none who is silent in the TLS handshake holds up.

pynetdicom shakes hands where it accepts connections, without a time limit: until one peer is through, no other one gets
in, and the server cannot be stopped.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock, Thread
from typing import Any

from pynetdicom import AE
from pynetdicom.transport import ThreadedAssociationServer


class TlsServer(ThreadedAssociationServer):
    """Shakes hands in the thread of each connection; for plain TCP too.

    Attributes:
        tls: what sockets are wrapped with; None for plain TCP.
        handshake_seconds: that a peer may take for the whole handshake.
    """

    tls: ssl.SSLContext | None = None
    handshake_seconds = 60.0
    daemon_threads = True

    def __init__(self, *args: Any, **options: Any) -> None:
        self._shaking: set[socket.socket] = set()
        self._changing, self._ended = Lock(), False
        super().__init__(*args, **options)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Begins an association, encrypted where it is to be; closes the connection of who does not shake hands."""
        if self.tls is not None:
            request = self.tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
            try:
                self._shake_hands(request)
            except OSError:  # ssl.SSLError and a time limit are such
                request.close()
                return
        super().finish_request(request, client_address)

    def shutdown(self) -> None:
        """Ends the server and the handshakes that are under way."""
        super().shutdown()
        with self._changing:
            self._ended = True
            for request in self._shaking:
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def _shake_hands(self, request: ssl.SSLSocket) -> None:
        with self._changing:
            if self._ended:
                raise ConnectionAbortedError('the server ended')
            self._shaking.add(request)
        try:
            before = request.gettimeout()
            request.settimeout(self.handshake_seconds)
            request.do_handshake()
            request.settimeout(before)
        finally:
            with self._changing:
                self._shaking.discard(request)


def start_server(
    entity: AE, address: tuple[str, int], handlers: Sequence[Any], tls: ssl.SSLContext | None, seconds: float
) -> TlsServer:
    """A server that listens, in a thread of its own.

    Args:
        entity: which contexts it takes, and from whom.
        address: of this node, and the port.
        handlers: of events.
        tls: what sockets are wrapped with; None for plain TCP.
        seconds: that a handshake may take.

    Raises:
        OSError: the port is taken.
    """
    server = entity.make_server(address, evt_handlers=list(handlers), server_class=TlsServer)
    server.tls, server.handshake_seconds = tls, seconds
    Thread(target=server.serve_forever, name='AcceptorServer', daemon=True).start()
    entity._servers.append(server)  # where its end takes it out again
    return server
