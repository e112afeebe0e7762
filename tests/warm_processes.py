"""Processes that begin with everything imported, which takes a fresh one seven seconds of a core.

They are forked from a server that has imported ``warm_modules`` and has run nothing: neither threads nor anything of a
test is in them. What starts as users start it, by scripts, wheels and fresh interpreters, has tests of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[1]
_CONTEXT = multiprocessing.get_context('forkserver')
_CONTEXT.set_forkserver_preload(['tests.warm_modules'])


@dataclass(frozen=True)
class Ended:
    """How a script ended: the first exit code that is not 0, and what all processes printed, in order of rank."""

    returncode: int
    stdout: str
    stderr: str


def start_process(work: Callable, *arguments: object) -> BaseProcess:
    """Starts a function of a module in a warm process."""
    process = _CONTEXT.Process(target=work, args=arguments)
    here = Path.cwd()
    os.chdir(_REPOSITORY)  # from where the server, begun with the first process, finds its modules
    try:
        process.start()
    finally:
        os.chdir(here)
    return process


def run_script(
    script: str,
    arguments: Sequence[object],
    processes: int = 1,
    environment: Mapping[str, str] | None = None,
    timeout: float = 300,
) -> Ended:
    """Runs a Python script of the repository from its root, in several processes as torchrun starts them.

    Args:
        script: such as ``tools/train.py``.
        arguments: words of its command line.
        processes: with more than one, each has its rank and the address of the first in its environment.
        environment: variables besides those of this process.
        timeout: seconds, after which all are ended.
    """
    words = [str(word) for word in arguments]
    shared = {**os.environ, 'CUDA_VISIBLE_DEVICES': '', **(environment or {}), **_meeting_place(processes)}
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder) / str(rank) for rank in range(processes)]
        running = [
            start_process(_run_script, script, words, {**shared, **_place(rank, processes)}, str(output))
            for rank, output in enumerate(outputs)
        ]
        codes = _wait(running, timeout)
        stdout, stderr = (
            ''.join(output.with_suffix(suffix).read_text() for output in outputs) for suffix in ('.out', '.err')
        )
        return Ended(next(filter(None, codes), 0), stdout, stderr)


def run_in_two(script: str, arguments: Sequence[object], options: Mapping[str, object]) -> str:
    """What a tool prints that runs in two processes with ``--cfg-options``; it has to end well."""
    overrides = [f'{name}={value}'.replace(' ', '') for name, value in options.items()]
    ended = run_script(script, [*arguments, '--launcher', 'pytorch', '--cfg-options', *overrides], processes=2)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    return ended.stdout


def _meeting_place(processes: int) -> dict[str, str]:
    if processes == 1:
        return {}
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    return dict(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port), WORLD_SIZE=str(processes))


def _place(rank: int, processes: int) -> dict[str, str]:
    if processes == 1:
        return {}
    return dict(RANK=str(rank), LOCAL_RANK=str(rank), LOCAL_WORLD_SIZE=str(processes))


def _wait(running: list[BaseProcess], timeout: float) -> list[int]:
    """Exit codes; where one fails or time is up the others are ended."""
    end = time.monotonic() + timeout
    while any(process.is_alive() for process in running) and not any(process.exitcode for process in running):
        if time.monotonic() > end:
            break
        time.sleep(0.05)
    for process in running:
        if process.is_alive():
            process.kill()
        process.join()
    return [process.exitcode or 0 for process in running]


def _run_script(script: str, words: list[str], environment: dict[str, str], output: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(_REPOSITORY)
    for stream, suffix in ((1, '.out'), (2, '.err')):
        descriptor = os.open(f'{output}{suffix}', os.O_WRONLY | os.O_CREAT)
        os.dup2(descriptor, stream)
    sys.argv = [script, *words]
    sys.path.insert(0, str(Path(script).resolve().parent))
    runpy.run_path(script, run_name='__main__')
