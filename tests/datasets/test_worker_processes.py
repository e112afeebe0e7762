"""Processes that share work: they end with the one that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

SCRIPT = """
import os, time
from pathlib import Path
from mammo_plugins.datasets.worker_processes import started_pool

def work(path):
    Path(path).write_text(str(os.getpid()))
    time.sleep(600)

if __name__ == '__main__':
    with started_pool(1) as pool:
        pool.submit(work, {path!r}).result()
"""


def ended(pid: int) -> bool:
    """Whether there is no such process, or only what is left of it."""
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8') as file:
            return file.read().rsplit(')', 1)[1].split()[0] == 'Z'
    except FileNotFoundError:
        return True


def until(condition, seconds: float = 60.0) -> bool:
    for _ in range(round(seconds / 0.1)):
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(not os.path.exists('/proc/self/stat'), reason='asks /proc')
@pytest.mark.parametrize('how', [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_when_the_process_that_started_them_is_killed(tmp_path, how):
    script, told = tmp_path / 'script.py', tmp_path / 'pid'
    script.write_text(SCRIPT.replace('{path!r}', repr(str(told))))
    parent = subprocess.Popen([sys.executable, str(script)])
    assert until(lambda: told.exists() and told.read_text())
    worker = int(told.read_text())
    assert not ended(worker)
    parent.send_signal(how)
    parent.wait(timeout=60)
    assert until(lambda: ended(worker))
