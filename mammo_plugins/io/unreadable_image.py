"""The one error of everything that reads images."""

from __future__ import annotations

from pathlib import Path


class UnreadableImageError(ValueError):
    """An image that cannot be read.

    Args:
        path: the file, or the folder of one file a slice.
        reason: what is wrong and, where there is one, the fix; never holds anything that identifies a patient.
    """

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = Path(path)
        self.reason = reason

    def __str__(self) -> str:
        return f'{self.path}: {self.reason}'
