"""Finding configs and shipped weights, in a checkout and in an installed package.

The repository keeps configs at its top level; a wheel carries them inside the package, under ``.mim`` (the folder in
which OpenMMLab's package manager ``mim`` looks), in the same relative layout, so that ``_base_`` paths hold.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_SHIPPED_FOLDERS = ('configs', 'projects')
PACKAGE_PREFIX = 'mammo_plugins::'
"""In front of a config of this project, wherever it is installed: ``_base_ = ['mammo_plugins::mm3d_dbt.py']``."""


def resource_roots() -> list[Path]:
    """Folders that hold ``configs/`` and ``projects/``: the checkout if this is one, and the installed package."""
    candidates = (_PACKAGE.parent, _PACKAGE / '.mim')
    return [root for root in candidates if (root / 'configs' / '_base_').is_dir()]


def find_config(name: str | Path) -> Path:
    """The config that ``name`` means.

    Args:
        name: a path, absolute or relative to the working directory, or a config of this project such as
            ``configs/mm3d_dbt.py``, ``mm3d_dbt`` or ``projects/mm3d/configs/mip_dbt.py``. After ``mammo_plugins::``
            only configs of this project are looked for.

    Returns:
        The absolute path of an existing file.

    Raises:
        FileNotFoundError: there is no such config; the message lists similar names.
    """
    asked = os.fspath(name)
    of_package = asked.startswith(PACKAGE_PREFIX)
    spellings = [asked.removeprefix(PACKAGE_PREFIX)]
    if not spellings[0].endswith('.py'):
        spellings.append(f'{spellings[0]}.py')
    roots = resource_roots() if of_package else [Path(), *resource_roots()]
    for spelling in spellings:
        found = _find(spelling, roots) or _find(os.path.join('configs', spelling), roots)
        if found:
            return found
    neighbours = [] if of_package else _neighbours(Path(spellings[-1]))
    raise FileNotFoundError(f'no config {asked!r}; {_suggestion(spellings[-1], _shipped("*.py"), neighbours)}')


def find_project_file(name: str | Path) -> Path:
    """A file that ships with the project besides configs, such as ``projects/mnm/weights/demo_ffdm.pth``.

    Args:
        name: a path, absolute, relative to the working directory, or relative to the repository.

    Raises:
        FileNotFoundError: there is no such file; the message lists similar names.
    """
    found = _find(os.fspath(name), [Path(), *resource_roots()])
    if found is None:
        raise FileNotFoundError(f'no file {os.fspath(name)!r}; {_suggestion(os.fspath(name), _shipped("*"))}')
    return found


def _find(name: str, roots: list[Path]) -> Path | None:
    for root in roots:
        path = root / Path(name).expanduser()
        if path.is_file():
            return path.resolve()
    return None


def _shipped(pattern: str) -> list[str]:
    """Names of all shipped files, as a user would write them; fragments in ``_base_`` folders left out."""
    names = {
        path.relative_to(root).as_posix()
        for root in resource_roots()
        for folder in _SHIPPED_FOLDERS
        for path in (root / folder).rglob(pattern)
        if path.is_file() and '_base_' not in path.parts
    }
    return sorted(names)


def _neighbours(path: Path) -> list[str]:
    """Configs in the folder in which one was looked for, as a user would write them."""
    folder = path.expanduser().parent
    return sorted(str(entry) for entry in folder.glob('*.py')) if folder.is_dir() else []


def _suggestion(name: str, shipped: list[str], neighbours: list[str] | None = None) -> str:
    by_file_name = {Path(entry).name: entry for entry in shipped}
    close = difflib.get_close_matches(name, neighbours or [], n=3, cutoff=0.8)
    close += difflib.get_close_matches(name, shipped, n=3, cutoff=0.6)
    close += [by_file_name[match] for match in difflib.get_close_matches(Path(name).name, by_file_name, n=3)]
    if close:
        return f'did you mean {", ".join(dict.fromkeys(close))}?'
    return f'available: {", ".join(shipped) or "none"}'
