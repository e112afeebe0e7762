"""Making the grey values of one kind of image look like those of another."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from ..breast_region import background_limit
from ..grey_values import WHITE

NUM_BINS = 1024


def breast_histogram(img: np.ndarray) -> np.ndarray:
    """(1024,) share of the breast's pixels at each level from black to white; all zeros where there is no breast.

    Args:
        img: (..., H, W) 16-bit grey values, dark background.
    """
    return _shares(img[img > background_limit(img)])


def mean_histogram(images: Iterable[np.ndarray]) -> tuple[np.ndarray, int]:
    """Mean of the histograms of some images, each counting alike, and how many there were.

    Raises:
        ValueError: there is no image.
    """
    total, count = np.zeros(NUM_BINS), 0
    for img in images:
        total += breast_histogram(img)
        count += 1
    if not count:
        raise ValueError('a mean histogram needs at least one image')
    return total / count, count


@TRANSFORMS.register_module()
class MatchHistogram(BaseTransform):
    """Changes the grey values of the breast so that their histogram becomes the reference; background stays.

    With ``LoadMammogram(num_slices=1)`` before it, this is the HM baseline: a maximum intensity projection that looks
    like an FFDM. Monotone, so nothing changes its order of brightness.

    Source: Singh et al. 2020, as taken up by M&M-3D, section 4.2 (Histogram Matching to the mean FFDM histogram).

    Args:
        reference: json of ``tools/mean_histogram.py``.

    Raises:
        FileNotFoundError: there is no such file; names the command that makes it.
        ValueError: it is none of these files.
    """

    def __init__(self, reference: str | Path) -> None:
        path = Path(reference)
        if not path.is_file():
            raise FileNotFoundError(
                f'reference histogram {path} does not exist. Make it of the FFDM that the detector was trained on:\n'
                f'    python tools/mean_histogram.py ffdm.json {path} --modality FFDM --split train'
            )
        try:
            histogram = np.asarray(json.loads(path.read_text(encoding='utf-8'))['histogram'], np.float64)
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f'{path}: no histogram of tools/mean_histogram.py ({error!r})') from error
        if histogram.shape != (NUM_BINS,) or not (histogram >= 0).all() or not histogram.sum() > 0:
            raise ValueError(f'{path}: no histogram of {NUM_BINS} shares that are not all zero')
        self._levels = np.linspace(0, WHITE, NUM_BINS + 1)
        self._share_below = np.concatenate([[0], np.cumsum(histogram) / histogram.sum()])

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        img = results['img']
        is_breast = img > background_limit(img)
        values = img[is_breast]
        if len(values):
            own_below = np.concatenate([[0], np.cumsum(_shares(values))])
            rank = np.interp(values, self._levels, own_below)
            matched = img.copy()
            matched[is_breast] = np.rint(np.interp(rank, self._share_below, self._levels))
            results['img'] = matched
        return results


def _shares(values: np.ndarray) -> np.ndarray:
    counts, _ = np.histogram(values, NUM_BINS, (0, WHITE))
    return counts / max(counts.sum(), 1)
