"""Checks an installation and says how to repair it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace

from mammo_plugins.compat.config_paths import resource_roots
from mammo_plugins.compat.diagnosis import (
    NOT_INSTALLED,
    REQUIREMENTS,
    Check,
    Status,
    check_accelerator,
    check_import_traps,
    check_opencv,
    check_operators,
    check_package,
    check_project,
    check_python,
    check_transfer_syntaxes,
    without_consequences,
)
from mammo_plugins.compat.diagnosis.check import one_line, pip_command

_SYMBOLS = {Status.OK: 'ok', Status.NOTE: 'note', Status.PROBLEM: 'PROBLEM'}
_COLOURS = {Status.OK: 'green', Status.NOTE: 'yellow', Status.PROBLEM: 'bold red'}


def run_doctor(as_json: bool = False) -> int:
    """Checks the installation, prints what was found and how to repair it.

    Args:
        as_json: print one JSON object (``verdict``, ``checks``, ``fixes``) instead of a table.

    Returns:
        The exit code: 0 if everything needed works, 1 otherwise.
    """
    checks = diagnose()
    problems = [check for check in checks if check.status is Status.PROBLEM]
    if as_json:
        content = {'verdict': 'problems' if problems else 'ok', 'checks': [asdict(check) for check in checks]}
        print(json.dumps({**content, 'fixes': fixes(problems)}, indent=2))
    else:
        _print_checks(checks)
        _print_verdict(problems)
    return 1 if problems else 0


def diagnose() -> list[Check]:
    """All checks, those left out that could only repeat an earlier problem."""
    traps = check_import_traps()
    packages = without_consequences([check_python(), check_opencv(), *map(check_package, REQUIREMENTS)])
    broken = {check.subject for check in packages if check.status is Status.PROBLEM}
    unreadable = broken & {'pydicom', 'numpy'}
    if any(trap.status is Status.PROBLEM for trap in traps):
        # What a trap breaks is not repaired by reinstalling it.
        packages = [check for check in packages if check.subject not in broken & {'pydicom', 'gdcm'}]
        unreadable = {trap.subject for trap in traps}
    project = check_project(broken)
    if project.status is Status.PROBLEM:
        packages = [replace(check, fix='') if check.detail == NOT_INSTALLED else check for check in packages]
    computing = broken & {'torch', 'torchvision', 'mmengine', 'mmcv', 'cv2', 'numpy'}
    return [
        *traps,
        project,
        *packages,
        *_unless(computing, 'computing', lambda: [check_operators()]),
        *_unless(broken & {'torch'}, 'computing', lambda: [check_accelerator()]),
        *_unless(unreadable, 'DICOM decoding', check_transfer_syntaxes),
        *_unless(broken, 'mammo_plugins', lambda: [_check_registration()]),
        _check_configs(),
    ]


def fixes(problems: Iterable[Check]) -> list[str]:
    """The commands that repair the problems, in order and each once; pip installations joined to one command."""
    install = pip_command('install')
    commands = list(dict.fromkeys(check.fix for check in problems if check.fix))
    plain = [command for command in commands if command.startswith(f'{install} ') and ' --' not in command]
    joined = ' '.join([install, *(command[len(install) + 1 :] for command in plain)])
    others = [command for command in commands if command not in plain]
    return ([joined] if plain else []) + others


def _unless(broken: set[str], topic: str, run_checks: Callable[[], list[Check]]) -> list[Check]:
    if broken:
        return [Check(topic, '', Status.NOTE, f'not checked: repair {", ".join(sorted(broken))} first')]
    return run_checks()


def _check_registration() -> Check:
    try:
        importlib.import_module('mammo_plugins.registration')
    except Exception as error:  # anything may be wrong in the libraries below, and the doctor has to go on
        own = (getattr(error, 'name', None) or '').startswith('mammo_plugins')
        culprits = ['mammo-plugins'] if own else ['onedl-mmdetection>=3.5,<4', 'timm>=1']
        fix = pip_command('install', '--force-reinstall', '--no-deps', *culprits)
        return Check('mammo_plugins', 'components', Status.PROBLEM, one_line(error), fix)
    return Check('mammo_plugins', 'components', Status.OK, 'register with mmdet')


def _check_configs() -> Check:
    roots = resource_roots()
    if roots:
        return Check('mammo_plugins', 'configs', Status.OK, str(roots[0]))
    fix = pip_command('install', '--force-reinstall', '--no-deps', 'mammo-plugins')
    return Check('mammo_plugins', 'configs', Status.PROBLEM, 'missing from the installed package', fix)


def _print_checks(checks: list[Check]) -> None:
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        for check in checks:
            print(f'{check.topic:15} {check.subject:26} {_SYMBOLS[check.status]:8} {check.detail}')
        return
    table = Table(box=None)
    for column in ('', '', 'status', 'detail'):
        table.add_column(column, overflow='fold')
    topic = ''
    for check in checks:
        heading = check.topic if check.topic != topic else ''
        topic = check.topic
        status = Text(_SYMBOLS[check.status], style=_COLOURS[check.status])
        table.add_row(Text(heading, style='bold'), check.subject, status, Text(check.detail))
    Console().print(table)


def _print_verdict(problems: list[Check]) -> None:
    print()
    if not problems:
        print('Verdict: everything works.')
        return
    print(f'Verdict: {len(problems)} problem{"s" if len(problems) > 1 else ""}.')
    for check in problems:
        print(f'  {check.subject}: {check.detail}')
    commands = fixes(problems)
    if commands:
        print('To repair, run in this order:')
        for command in commands:
            print(f'  {command}')
