"""``mammo-configs``: every config of the repository, with its first comment and what it builds on."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the directive."""
    app.add_directive('mammo-configs', ConfigReference)
    return {'parallel_read_safe': True}


class ConfigReference(SphinxDirective):
    """A section for each folder of configs, with a table."""

    def run(self) -> list[nodes.Node]:
        """The sections."""
        folder = Path(self.env.doc2path(self.env.docname)).parent
        return self.parse_text_to_nodes(describe_configs(folder), allow_section_headings=True)


def describe_configs(page_folder: Path) -> str:
    """Markdown with a section for each folder.

    Args:
        page_folder: where the page lies that links to the files.
    """
    return '\n'.join(_describe_folder(folder, page_folder) for folder in config_folders())


def config_folders() -> list[Path]:
    """Folders with configs that a user trains or tests; fragments in ``_base_`` are named by those that use them."""
    paths = [*ROOT.glob('configs/**/*.py'), *ROOT.glob('projects/*/configs/**/*.py')]
    return sorted({path.parent for path in paths if '_base_' not in path.parts})


def _describe_folder(folder: Path, page_folder: Path) -> str:
    rows = [_describe(path, page_folder) for path in sorted(folder.glob('*.py'))]
    heading = folder.relative_to(ROOT).as_posix()
    return '\n'.join([f'## {heading}\n', '| config | what | builds on |', '|---|---|---|', *rows, ''])


def _describe(path: Path, page_folder: Path) -> str:
    bases = ', '.join(f'`{base.relative_to(ROOT).as_posix()}`' for base in bases_of(path))
    link = Path(os.path.relpath(path, page_folder)).as_posix()
    return f'| [{path.name}]({link}) | {first_comment(path)} | {bases} |'


def first_comment(path: Path) -> str:
    """The comment that a file begins with, in one line that a table cell can hold."""
    found = re.match(r'(?:#.*\n)+', path.read_text(encoding='utf-8'))
    lines = found[0].splitlines() if found else []
    return ' '.join(line.removeprefix('#').strip() for line in lines).replace('|', '\\|').replace('*', '\\*')


def bases_of(path: Path) -> list[Path]:
    """Files that a config inherits from, as ``_base_`` names them.

    Raises:
        ValueError: a base file does not exist.
    """
    found = []
    for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and any(getattr(target, 'id', '') == '_base_' for target in node.targets):
            named = ast.literal_eval(node.value)
            found += [named] if isinstance(named, str) else named
    bases = [(path.parent / name).resolve() for name in found]
    absent = [str(base) for base in bases if not base.is_file()]
    if absent:
        raise ValueError(f'{path}: _base_ names files that do not exist: {", ".join(absent)}')
    return bases
