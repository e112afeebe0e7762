"""Places of masses in ``.loc`` files, a line a place, numbers with spaces between.

Beside a volume, and beside its C-View, these are ``x y slice type`` of the volume's values as they lie in its file;
beside a projection ``y x type``. A negative type is a place without a mass, kept for comparison by observers.

Source: DIDSR/VICTRE_PIPELINE, Pipeline.py (``save_ROIs`` reads regions at these places).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..release_table import RowError

_MAX_BYTES = 2**16
_LARGEST = 10**6


@dataclass(frozen=True)
class Location:
    """Where the middle of a mass lies.

    Attributes:
        x, y: value of a slice as it lies in the file.
        slice_index: None beside a projection.
    """

    x: int
    y: int
    slice_index: int | None


def read_locations(path: Path, modality: str) -> list[Location]:
    """The masses that a file names.

    Args:
        path: the ``.loc`` file.
        modality: of the image beside it, ``FFDM``, ``SM`` or ``DBT``.

    Raises:
        RowError: it cannot be read, or holds other lines.
    """
    try:
        with path.open('rb') as file:
            text = file.read(_MAX_BYTES).decode('ascii')
    except OSError as error:
        raise RowError(f'{path.name} cannot be opened: {error.strerror or type(error).__name__}') from error
    except UnicodeDecodeError as error:
        raise RowError(f'{path.name} is no text') from error
    places = [_read_line(path, line, modality == 'FFDM') for line in text.splitlines() if line.strip()]
    if not places:
        raise RowError(f'{path.name} is empty')
    return [location for location, kind in places if kind > 0]


def _read_line(path: Path, line: str, is_flat: bool) -> tuple[Location, int]:
    """A place and its type; the type counts as positive where the line lacks it."""
    needed = 2 if is_flat else 3
    parts = line.split()
    if not needed <= len(parts) <= needed + 1 or not all(_is_number(part) for part in parts):
        raise RowError(f'{path.name}: {line[:60]!r} is not {needed} whole numbers and a type')
    numbers = [int(part) for part in parts]
    kind = numbers[needed] if len(numbers) > needed else 1
    if is_flat:
        return Location(numbers[1], numbers[0], None), kind
    return Location(*numbers[:3]), kind


def _is_number(text: str) -> bool:
    return text.removeprefix('-').isdecimal() and len(text) < 9 and abs(int(text)) <= _LARGEST
