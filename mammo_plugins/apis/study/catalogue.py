"""The studies that there are."""

from __future__ import annotations

from pathlib import Path

from mammo_plugins.compat.config_paths import find_config, resource_roots

from .mm3d import MM3D_STUDY
from .study import Study
from .study_file import read_study

STUDIES = {'mm3d': MM3D_STUDY}
"""Those that need code of their own; others are files, ``projects/NAME/study.py``."""


def find_study(name: str) -> Study:
    """The study of a paper, or the one that a file declares.

    Args:
        name: of the paper's folder in ``projects``, or path of a file.

    Raises:
        ValueError: there is none, or it is not as it must be.
    """
    if name in STUDIES:
        return STUDIES[name]
    if name.endswith('.py'):
        try:
            return read_study(find_config(name))
        except FileNotFoundError as error:
            raise ValueError(f'there is no study {name!r}: {error}') from error
    known = study_files()
    if name not in known:
        raise ValueError(
            f'unknown study {name!r}: expected one of {", ".join([*STUDIES, *known])}, or a file that declares one'
        )
    return read_study(known[name])


def study_files() -> dict[str, Path]:
    """Name of a paper to the file that declares its study."""
    files = [path for root in resource_roots() for path in sorted(root.glob('projects/*/study.py'))]
    return {path.parent.name: path for path in reversed(files)}
