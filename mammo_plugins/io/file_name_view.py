"""The view in the name of a file whose format has no place for it, such as ``0_L-CC.png``."""

from __future__ import annotations

import re
from pathlib import Path

from mammo_plugins.structures import ViewKey, ViewPosition

_VIEW_PATTERN = re.compile(
    rf'(?<![A-Za-z])([LR])[-_ ]?({"|".join(ViewPosition.__members__)})(?![A-Za-z])', re.IGNORECASE
)


def view_from_file_name(path: Path) -> tuple[ViewKey | None, str]:
    """The view in a file name and what stands before it: ``0_L-CC.png`` gives L-CC and ``0``.

    The last one counts where there are several; without one, the whole name is the prefix. ``L-CC.png`` has no prefix.
    """
    matches = list(_VIEW_PATTERN.finditer(path.stem))
    if not matches:
        return None, path.stem
    return ViewKey.parse(matches[-1][1] + matches[-1][2]), path.stem[: matches[-1].start()].rstrip('_- ')
