"""Runs hostile cases in a process of their own and watches it: crashes, hangs and memory are told case by case.

A signal cannot interrupt a decoder in C, and a limit on address space counts what torch or GDCM reserve and never use.
So this process looks at the other one's processor time and resident memory, and ends it when a case takes too much;
the cases after it go on in a new process.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from .case_runner import keep_files
from .hostile_case import GOOD

HANGS = 'hangs'
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Limits:
    """What a case may take.

    Attributes:
        cpu_seconds: processor time: hardly depends on how busy this machine is, but on a virtual one it counts what
            the host took for others too.
        wall_seconds: time on the clock, for a case that waits.
        memory_bytes: above what the process has when it is ready.
        start_seconds: until a process is ready.
    """

    cpu_seconds: float = 5.0
    wall_seconds: float = 60.0
    memory_bytes: int = 1_500_000_000
    start_seconds: float = 300.0


@dataclass(frozen=True)
class Outcome:
    """How a case ended: one of ``GOOD``, or what went wrong."""

    number: int
    outcome: str
    detail: str = ''


def run_cases(target: str, seed: str, count: int, scratch: Path, limits: Limits | None = None) -> list[Outcome]:
    """Runs the cases 0 to ``count - 1`` of a target.

    A case that hangs is run once more by itself, and hangs if it does so again: a virtual machine may stand still for
    longer than a case may take.

    Args:
        target: ``module:factory``.
        seed: of the cases.
        count: how many.
        scratch: folder for the files, made if missing; files of failed cases stay in ``failures``.
        limits: of a case.

    Raises:
        RuntimeError: the process does not even start: valid files cannot be read.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    outcomes: list[Outcome] = []
    while len(outcomes) < count:
        outcomes.extend(_run_until_loss(target, seed, len(outcomes), count, scratch, limits or Limits()))
        if outcomes[-1].outcome == HANGS:
            number = outcomes.pop().number
            outcomes.extend(_run_until_loss(target, seed, number, number + 1, scratch, limits or Limits()))
        if outcomes[-1].outcome not in GOOD:
            keep_files(scratch, outcomes[-1].number)
    return outcomes


def _run_until_loss(target: str, seed: str, first: int, count: int, scratch: Path, limits: Limits) -> Iterator[Outcome]:
    """Outcomes of one process, the case that has ended it included."""
    reading, writing = os.pipe()
    log = scratch / 'stderr.txt'
    arguments = [sys.executable, '-m', 'tests.fuzz.case_runner', target, seed, str(first), str(count), str(scratch)]
    with log.open('wb') as errors:
        process = subprocess.Popen(
            [*arguments, str(writing)],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=[writing],
        )
    os.close(writing)
    try:
        yield from _Watch(process, reading, limits, log).outcomes()
    finally:
        process.kill()
        process.wait()
        os.close(reading)


class _Watch:
    """Follows one process."""

    def __init__(self, process: subprocess.Popen, reading: int, limits: Limits, log: Path) -> None:
        self._process, self._limits, self._log = process, limits, log
        self._state = psutil.Process(process.pid)
        self._reading = reading
        self._pending = b''
        self._ready_bytes: int | None = None
        self._case: int | None = None
        self._began = time.monotonic()
        self._cpu_before = 0.0

    def outcomes(self) -> Iterator[Outcome]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._reading, selectors.EVENT_READ)
            while True:
                if selector.select(_LOOK_SECONDS):
                    received = os.read(self._reading, 1 << 16)
                    if not received:
                        yield from self._lost()
                        return
                    for outcome in self._take(received):
                        yield outcome
                        if outcome.outcome == 'takes too much memory':
                            return  # its peak would hide those of the cases after it
                if problem := self._find_excess():
                    yield Outcome(-1 if self._case is None else self._case, *problem)
                    return

    def _take(self, received: bytes) -> Iterator[Outcome]:
        *lines, self._pending = (self._pending + received).split(b'\n')
        for line in lines:
            said = json.loads(line)
            if 'ready' in said:
                self._ready_bytes = said['ready']
            elif 'start' in said:
                self._case, self._began, self._cpu_before = said['start'], time.monotonic(), self._cpu_seconds()
            else:
                self._case, self._began = None, time.monotonic()
                grown = said['peak'] - (self._ready_bytes or 0)
                if grown > self._limits.memory_bytes:
                    yield Outcome(said['end'], 'takes too much memory', f'{grown / 1e6:.0f} MB; {said["detail"]}')
                else:
                    yield Outcome(said['end'], said['outcome'], said['detail'])

    def _find_excess(self) -> tuple[str, str] | None:
        wall = time.monotonic() - self._began
        if self._case is None or self._ready_bytes is None:
            if wall > self._limits.start_seconds:
                raise RuntimeError(f'no case for {wall:.0f} s:\n{self._last_words()}')
            return None
        try:
            resident = self._state.memory_info().rss
        except psutil.Error:
            return None
        if resident - self._ready_bytes > self._limits.memory_bytes:
            return 'takes too much memory', f'{(resident - self._ready_bytes) / 1e6:.0f} MB, and ended for it'
        cpu = self._cpu_seconds() - self._cpu_before
        if cpu > self._limits.cpu_seconds or wall > self._limits.wall_seconds:
            return HANGS, f'{cpu:.1f} s of processor time, {wall:.1f} s by the clock'
        return None

    def _lost(self) -> Iterator[Outcome]:
        """The process has closed its report: it is done, or a case has ended it."""
        code = self._process.wait()
        if self._ready_bytes is None:
            raise RuntimeError(f'the process did not get ready (exit code {code}):\n{self._last_words()}')
        if self._case is not None:
            name = signal.Signals(-code).name if code < 0 else f'exit code {code}'
            yield Outcome(self._case, 'ends the process', f'{name}: {self._dump()}')
        elif code:
            raise RuntimeError(f'the process ended between cases (exit code {code}):\n{self._last_words()}')

    def _cpu_seconds(self) -> float:
        try:
            times = self._state.cpu_times()
        except psutil.Error:
            return self._cpu_before
        return times.user + times.system

    def _dump(self) -> str:
        """What faulthandler has written: the innermost calls."""
        return self._last_words().rpartition('Current thread')[2][:600]

    def _last_words(self) -> str:
        return self._log.read_text(errors='replace')[-3000:]
