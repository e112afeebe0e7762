"""The site's table of contents, taken from the lists of links on its first page."""

from __future__ import annotations

import posixpath
import re

from sphinx.application import Sphinx

_SECTION = re.compile(r'^## (.+?)\n(.*?)(?=^## |\Z)', re.MULTILINE | re.DOTALL)
_ENTRY = re.compile(r'^- \[[^\]]+\]\(([^)#]+\.md)\)', re.MULTILINE)


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the step."""
    app.connect('source-read', _add_contents)
    return {'parallel_read_safe': True}


def _add_contents(app: Sphinx, docname: str, source: list[str]) -> None:
    if docname == app.config.root_doc:
        source[0] += contents_of(source[0], posixpath.dirname(docname))


def contents_of(page: str, folder: str) -> str:
    """Hidden tables of contents, one for each section of a page with a list of links to pages.

    Args:
        page: Markdown; an entry is a line such as ``- [Tutorial](tutorial.md): from phantoms to a report``.
        folder: where the page lies, from the root of the repository.
    """
    blocks = []
    for heading, text in _SECTION.findall(page):
        targets = [posixpath.normpath(posixpath.join(folder, target)) for target in _ENTRY.findall(text)]
        if targets:
            names = '\n'.join(f'/{target.removesuffix(".md")}' for target in targets)
            blocks.append(f'\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n{names}\n```\n')
    return ''.join(blocks)
