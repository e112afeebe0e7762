"""Where a training goes on: the newest checkpoint of its work directory that is whole."""

from __future__ import annotations

import re
from pathlib import Path

from mammo_plugins.compat import UnreadableCheckpointError, load_checkpoint_file

from .weight_fit import WeightsDoNotFitError, not_finite, state_dict_of

_REGULAR = re.compile(r'(?:iter|epoch)_(\d+)\.pth')
_NEEDED = ('state_dict', 'optimizer', 'meta')


def newest_whole_checkpoint(work_dir: str | Path, trusted: bool = False) -> tuple[Path | None, dict[Path, str]]:
    """The checkpoint to go on from.

    Looked at are what ``last_checkpoint`` names, then the regular checkpoints in the folder, newest first. One that is
    cut short, holds no optimiser, or holds weights that are not finite is passed over.

    Args:
        work_dir: where the run writes.
        trusted: see :func:`mammo_plugins.compat.load_checkpoint_file`.

    Returns:
        The file, None where there is no checkpoint at all; and the files that were passed over with the reason.

    Raises:
        ValueError: there are checkpoints, and none of them is whole.
    """
    passed_over: dict[Path, str] = {}
    for path in _candidates(Path(work_dir)):
        reason = _damage(path, trusted)
        if reason is None:
            return path, passed_over
        passed_over[path] = reason
    if passed_over:
        reasons = '; '.join(f'{path.name}: {reason}' for path, reason in passed_over.items())
        raise ValueError(
            f'no checkpoint in {work_dir} can be resumed ({reasons}): begin anew without --resume, or name another '
            'with --resume CHECKPOINT'
        )
    return None, passed_over


def require_resumable(path: str | Path, trusted: bool = False) -> None:
    """Refuses a checkpoint that a training cannot go on from.

    Raises:
        FileNotFoundError: it does not exist.
        ValueError: it is damaged, holds weights only, or weights that are not finite.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'--resume {path}: no such checkpoint; without a name the newest one is taken')
    reason = _damage(Path(path), trusted)
    if reason is not None:
        raise ValueError(f'--resume {path}: {reason}; name another, or none to take the newest whole one')


def _candidates(work_dir: Path) -> list[Path]:
    regular = [path for path in work_dir.glob('*.pth') if _REGULAR.fullmatch(path.name)]
    found = sorted(regular, key=lambda path: int(_REGULAR.fullmatch(path.name)[1]), reverse=True)
    note = work_dir / 'last_checkpoint'
    if note.is_file():
        named = Path(note.read_text().strip())
        # A work directory that was moved still names the old place.
        last = named if named.is_file() else work_dir / named.name
        if last.is_file():
            found.insert(0, last)
    return list({path.resolve(): path for path in found}.values())


def _damage(path: Path, trusted: bool) -> str | None:
    """Why a training cannot go on from a file; None where it can."""
    try:
        content = load_checkpoint_file(path, trusted=trusted)
        if not isinstance(content, dict) or any(name not in content for name in _NEEDED):
            return 'holds no optimiser state, only weights (start from it with load_from)'
        broken = not_finite(state_dict_of(content, path))
    except (UnreadableCheckpointError, WeightsDoNotFitError) as error:
        return str(error).removeprefix(f'{path} is ').removeprefix(f'{path}: ')
    return f'its weights hold NaN or infinity, such as {broken[0]}' if broken else None
