"""A small copy of T-SYNTH."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.io.meta_image_builder import save_meta_image

SHAPE = (6, 30, 40)
"""Slices, rows and columns of the volumes as they lie in their files."""


class TSynthRelease:
    """Writes images, places and masks; spacings are 1 mm, so that a mass of 5 mm is 10 pixels wide."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, number=3, density='fatty', radius='5.0', mass='1.1', top='data') -> Path:
        example = f'D2_{radius}_{density}.{number}/{number}'
        return self.folder / top / f'device_data_VICTREPhantoms_spic_{mass}' / density / '2' / radius / 'SIM' / example

    def add_volume(self, number=3, loc=None, mask=None, values=None, **place) -> Path:
        values = np.random.default_rng(number).uniform(size=SHAPE) if values is None else values
        stem = self.place(number, **place) / f'reconstruction{number}'
        return self._add(stem, values, SHAPE[::-1], 'MET_DOUBLE', loc, mask)

    def add_cview(self, number=3, loc=None, mask=None, **place) -> Path:
        values = np.random.default_rng(number).uniform(size=(SHAPE[2], SHAPE[1])).astype('<f4')
        stem = self.place(number, top='cview', **place) / f'reconstruction{number}'
        return self._add(stem, values, SHAPE[::-1], 'MET_DOUBLE', loc, mask)

    def add_projection(self, number=3, loc=None, **place) -> Path:
        values = np.random.default_rng(number).uniform(size=(2, *SHAPE[1:])).astype('<f4')
        return self._add(self.place(number, **place) / f'projection_DM{number}', values, SHAPE[:0:-1], 'MET_FLOAT', loc)

    @staticmethod
    def _add(stem: Path, values, sizes, kind, loc, mask=None) -> Path:
        path = stem.with_name(f'{stem.name}.mhd')
        spacing = ' '.join(['1'] * len(sizes))
        save_meta_image(path, values, sizes, kind=kind, ElementSpacing=spacing)
        if loc is not None:
            path.with_suffix('.loc').write_text(loc)
        if mask is not None:
            save_mask(path.with_name(f'{stem.name.replace("reconstruction", "reconstruction_mask")}.h5'), mask)
        return path


def save_mask(path: Path, mask: np.ndarray, name: str = 'dbt') -> Path:
    """Tissues, 200 where ``mask`` is true."""
    import h5py

    with h5py.File(path, 'w') as file:
        file.create_dataset(name, data=np.where(mask, 200, 1).astype(np.uint8), compression='gzip')
    return path
