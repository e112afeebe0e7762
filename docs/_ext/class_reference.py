"""``mammo-classes``: what the package registers, read from its source without importing it."""

from __future__ import annotations

import ast
import os
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]


class Registered(NamedTuple):
    """A class or function that a config names by ``type``.

    Attributes:
        name: its name in a config.
        registry: of mmdet, such as ``MODELS``.
        kind: folder from ``mammo_plugins`` on, such as ``models/losses``.
        text: first paragraph of its docstring, in one line.
        path: where it is written.
    """

    name: str
    registry: str
    kind: str
    text: str
    path: Path


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the directive."""
    app.add_directive('mammo-classes', ClassReference)
    return {'parallel_read_safe': True}


class ClassReference(SphinxDirective):
    """A section for each kind, with a table."""

    def run(self) -> list[nodes.Node]:
        """The sections."""
        folder = Path(self.env.doc2path(self.env.docname)).parent
        return self.parse_text_to_nodes(describe_classes(folder), allow_section_headings=True)


def describe_classes(page_folder: Path) -> str:
    """Markdown with a section for each kind.

    Args:
        page_folder: where the page lies that links to the files.
    """
    kinds = defaultdict(list)
    for entry in registered():
        kinds[entry.kind].append(entry)
    return '\n'.join(_describe(kind, sorted(kinds[kind]), page_folder) for kind in sorted(kinds))


def registered() -> list[Registered]:
    """All that carries ``@REGISTRY.register_module()``."""
    return [
        found
        for path in sorted((ROOT / 'mammo_plugins').rglob('*.py'))
        for node in ast.parse(path.read_text(encoding='utf-8')).body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and (found := _registered(node, path))
    ]


def _registered(node: ast.ClassDef | ast.FunctionDef, path: Path) -> Registered | None:
    for decorator in node.decorator_list:
        call = re.match(r'(\w+)\.register_module\(', ast.unparse(decorator))
        if call:
            kind = '/'.join(path.relative_to(ROOT / 'mammo_plugins').parts[:2]).removesuffix('.py')
            return Registered(node.name, call[1], kind, _first_paragraph(node), path)
    return None


def _first_paragraph(node: ast.ClassDef | ast.FunctionDef) -> str:
    paragraph = ' '.join((ast.get_docstring(node) or '').split('\n\n')[0].split())
    paragraph = re.sub(r':\w+:`~?([^`]+)`', r'`\1`', paragraph)
    return paragraph.replace('|', '\\|')


def _describe(kind: str, entries: list[Registered], page_folder: Path) -> str:
    rows = []
    for entry in entries:
        link = Path(os.path.relpath(entry.path, page_folder)).as_posix()
        rows.append(f'| `{entry.name}` | {entry.text} | {entry.registry} | [{entry.path.name}]({link}) |')
    return '\n'.join([f'## {kind}\n', '| type | what | registry | file |', '|---|---|---|---|', *rows, ''])
