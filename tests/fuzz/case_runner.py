"""The process that runs cases one by one and reports each before and after.

``python -m tests.fuzz.case_runner TARGET SEED FIRST COUNT SCRATCH REPORT_FD``: a case depends on target, seed and its
number alone, so that one can be run again by itself.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import re
import resource
import shutil
import sys
import warnings
from importlib import import_module
from pathlib import Path
from random import Random

from .hostile_case import GOOD, AccessWatch, Target, Verdict, judge, list_files

_KIBIBYTE = 1 if sys.platform == 'darwin' else 1024  # of ru_maxrss


def main(name: str, seed: str, first: int, count: int, scratch: Path, report_fd: int) -> None:
    """Runs the cases ``first`` to ``count - 1``; each report is a line of JSON."""
    sys.dont_write_bytecode = True
    faulthandler.enable()
    warnings.simplefilter('ignore')
    logging.disable(logging.CRITICAL)
    module, factory = name.split(':')
    target: Target = getattr(import_module(module), factory)()
    root = case_folder(scratch)
    files, out, watched = root / 'in', root / 'out', root.parents[2]
    shutil.rmtree(watched, ignore_errors=True)
    files.mkdir(parents=True)
    target.set_up(files)
    watch = AccessWatch(readable=[files], writable=[out])
    _read_valid_files(target, out)
    with os.fdopen(report_fd, 'w', buffering=1) as report:
        report.write(json.dumps({'ready': _peak_bytes()}) + '\n')
        for number in range(first, count):
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            target.damage(Random(f'{seed}/{name}/{number}'))
            before = list_files(watched, out)
            report.write(json.dumps({'start': number}) + '\n')
            watch.found.clear()
            watch.is_active = True
            verdict = judge(target, lambda: target.read(out))
            watch.is_active = False
            if list_files(watched, out) != before:
                verdict = Verdict('changes files outside the output folder')
            if watch.found:
                verdict = Verdict('leaves its folders', '; '.join(watch.found)[:300])
            if verdict.outcome not in GOOD:
                keep_files(scratch, number)
            target.restore()
            report.write(
                json.dumps({'end': number, 'outcome': verdict.outcome, 'detail': verdict.detail, 'peak': _peak_bytes()})
                + '\n'
            )


def case_folder(scratch: Path) -> Path:
    """Where the files of a case lie; deep enough that ``../../..`` of a table still ends inside what is watched."""
    return scratch / 'watched' / 'a' / 'b' / 'case'


def keep_files(scratch: Path, number: int) -> None:
    """Copies the files of a failed case."""
    shutil.copytree(case_folder(scratch), scratch / 'failures' / str(number), symlinks=True, dirs_exist_ok=True)


def _read_valid_files(target: Target, out: Path) -> None:
    """Undamaged files must be readable: otherwise every case would be refused for the wrong reason."""
    out.mkdir()
    target.read(out)


def _peak_bytes() -> int:
    """The most memory that this process ever had.

    Linux hands ``ru_maxrss`` down from the process that started this one, so it is asked elsewhere first.
    """
    status = Path('/proc/self/status')
    if status.is_file():
        return int(re.search(r'VmHWM:\s*(\d+) kB', status.read_text())[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]), int(sys.argv[6]))
