"""Links to folders, which a forge shows and a site cannot: their text stays, without the link."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

_LINK = re.compile(r'(?<!!)\[([^\]]+)\]\(([^)#:\s]+)\)')


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the step."""
    app.connect('source-read', _unlink)
    return {'parallel_read_safe': True}


def _unlink(app: Sphinx, docname: str, source: list[str]) -> None:
    folder = Path(app.env.doc2path(docname)).parent
    source[0] = _LINK.sub(lambda link: link[1] if (folder / link[2]).is_dir() else link[0], source[0])
