"""A network of its own for what a test starts: nothing outside reaches it, and its ports are free."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET, sched.h
_SET_FLAGS, _UP = 0x8914, 0x1  # SIOCSIFFLAGS and IFF_UP, net/if.h


@contextmanager
def private_network() -> Iterator[bool]:
    """Moves this thread, and the threads and processes that it starts, into a network with a loopback device only.

    Gives false, and changes nothing, where this is not allowed: it needs root on Linux.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        own = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
    except OSError:
        yield False
        return
    try:
        entered = libc.unshare(_NEW_NETWORK) == 0
        if entered:
            _raise_loopback()
        yield entered
    finally:
        if libc.setns(own, _NEW_NETWORK) != 0 and entered:
            raise OSError(ctypes.get_errno(), 'could not return to the network of the system')
        os.close(own)


def free_port() -> int:
    """A port of the loopback device that nobody listens to now."""
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, _SET_FLAGS, struct.pack('16sH14x', b'lo', _UP))
