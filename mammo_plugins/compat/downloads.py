"""Asking a server whether it is there, in seconds, before a library tries for minutes."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from urllib.parse import urlparse

PATIENCE_S = 8.0


class UnreachableFileError(OSError):
    """A file is not on this machine, and its server does not answer."""


def require_reachable(url: str, what: str, instead: str, patience_s: float = PATIENCE_S) -> None:
    """Asks a server once, through the proxies of the environment.

    Args:
        url: of the file.
        what: what the file is, for the message.
        instead: what to do without network, for the message.
        patience_s: seconds to wait for an answer. Looking up a name may take longer than any time-out of a connection,
            so the question is asked in a thread that is left behind.

    Raises:
        UnreachableFileError: no answer, or the answer that there is no such file.
    """
    outcome: list[str | None] = []
    thread = threading.Thread(target=lambda: outcome.append(_refusal(url, patience_s)), daemon=True)
    thread.start()
    thread.join(patience_s)
    reason = outcome[0] if outcome else f'no answer in {patience_s:g} s'
    if reason is not None:
        host = urlparse(url).netloc
        raise UnreachableFileError(f'{what} are not on this machine, and {host} gives none ({reason}): {instead}')


def _refusal(url: str, patience_s: float) -> str | None:
    """Why a file cannot be had; None where it can."""
    request = urllib.request.Request(url, method='HEAD', headers={'User-Agent': 'mammo_plugins'})
    try:
        with urllib.request.urlopen(request, timeout=patience_s):
            return None
    except urllib.error.HTTPError as error:
        # Some servers answer files but no questions about them.
        return f'{error.code} {error.reason}' if error.code in (401, 403, 404, 407, 410) else None
    except (OSError, ValueError) as error:
        return str(getattr(error, 'reason', None) or error or type(error).__name__)
