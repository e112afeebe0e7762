"""What docstrings refer to exists."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

REFERENCE = re.compile(r':(?:mod|class|func|meth|data|attr):`~?([\w.]+)`')
PACKAGE = 'mammo_plugins'


def module_of(path: Path, repository: Path) -> str:
    parts = path.relative_to(repository).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def exists(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    parts = name.split('.')
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module('.'.join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[length:]:
            if attribute in getattr(found, '__annotations__', ()):
                return True  # a field of a data class
            found = getattr(found, attribute, None)
        return found is not None
    return False


def candidates(reference: str, module: str, is_package: bool) -> list[str]:
    """What a reference may mean: a full name, a neighbour (``.name``), a name of its module or of a class in it."""
    folder = module if is_package else module.rpartition('.')[0]
    if reference.startswith('.'):
        return [folder + reference]
    classes = [name for name, value in vars(importlib.import_module(module)).items() if isinstance(value, type)]
    return [reference, f'{module}.{reference}', *(f'{module}.{name}.{reference}' for name in classes)]


def test_references_of_docstrings_lead_somewhere(repository):
    importlib.import_module(f'{PACKAGE}.registration')  # installs the operators that mmdet needs
    wrong = [
        f'{path.relative_to(repository)}: {reference}'
        for path in sorted((repository / PACKAGE).rglob('*.py'))
        for reference in sorted(set(REFERENCE.findall(path.read_text(encoding='utf-8'))))
        if not any(map(exists, candidates(reference, module_of(path, repository), path.name == '__init__.py')))
    ]
    assert wrong == []
