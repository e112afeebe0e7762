"""Mammograms on disk, to be found."""

from __future__ import annotations

from pathlib import Path

from tests.io.dicom_builder import mammogram, save, stored_breast


def write(path: Path, side: str = 'L', top: int = 3000, **elements) -> Path:
    """A breast of its own by ``top``; further elements of its header."""
    return save(mammogram(stored_breast(side, top=top), ImageLaterality=side, **elements), path)
