"""Readers that do what none may do, to see that it is noticed."""

from __future__ import annotations

import itertools
import os
import signal
import time
from abc import ABC, abstractmethod
from pathlib import Path
from random import Random

import numpy as np

SEED, BAD_CASE = '0', 2
"""The case that goes wrong, whichever process reads it; those around it do not."""


class _Target(ABC):
    name, cases, errors = 'misbehaving', 5, (ValueError,)

    def set_up(self, folder: Path) -> None:
        self.path = folder / 'file'
        self.path.write_bytes(b'valid')

    def damage(self, rng: Random) -> None:
        self.path.write_bytes(rng.randbytes(5))

    def restore(self) -> None:
        self.path.write_bytes(b'valid')

    def names(self) -> tuple[str, ...]:
        return (str(self.path),)

    def read(self, out: Path) -> None:
        content = self.path.read_bytes()
        if content == Random(f'{SEED}/{__name__}:{type(self).__name__}/{BAD_CASE}').randbytes(len(content)):
            self.misbehave(out)
        if content != b'valid':
            raise ValueError(f'{self.path}: refused')

    @abstractmethod
    def misbehave(self, out: Path) -> None:
        """What goes wrong."""


class Crashing(_Target):
    def misbehave(self, out: Path) -> None:
        os.kill(os.getpid(), signal.SIGSEGV)


class Exiting(_Target):
    def misbehave(self, out: Path) -> None:
        os._exit(3)


class Hanging(_Target):
    def misbehave(self, out: Path) -> None:
        sum(itertools.repeat(1))  # in C: no signal of Python's own gets through


class Waiting(_Target):
    def misbehave(self, out: Path) -> None:
        time.sleep(1000)


class Filling(_Target):
    def misbehave(self, out: Path) -> None:
        self.kept = [np.ones(10**6) for _ in itertools.count()]


class Peaking(_Target):
    def misbehave(self, out: Path) -> None:
        np.ones(3 * 10**7)  # 240 MB, gone at once


class Undocumented(_Target):
    def misbehave(self, out: Path) -> None:
        raise KeyError(str(self.path))


class Nameless(_Target):
    def misbehave(self, out: Path) -> None:
        raise ValueError('something is wrong')


class Escaping(_Target):
    def misbehave(self, out: Path) -> None:
        (out.parent / 'elsewhere').write_text('x')


class Peeking(_Target):
    def misbehave(self, out: Path) -> None:
        Path('/etc/passwd').read_bytes()


class Starting(_Target):
    def misbehave(self, out: Path) -> None:
        os.system('true')


class Harmless(_Target):
    def misbehave(self, out: Path) -> None:
        (out / 'result').write_text('x')


class Unready(Harmless):
    def set_up(self, folder: Path) -> None:
        raise ImportError('no decoder')
