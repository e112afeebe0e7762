"""Commands of the documentation, so that tests can run them as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path


def read_commands(page: Path) -> list[list[str]]:
    """Every line of a page's shell blocks in words, comments taken off; a backslash joins it to the next one."""
    blocks = re.findall(r'```bash\n(.*?)```', page.read_text(encoding='utf-8'), flags=re.DOTALL)
    lines = '\n'.join(blocks).replace('\\\n', ' ').splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]
