"""How far two sets of images lie apart, by features of each image.

Glossary: N and M images, C features.
"""

from __future__ import annotations

import numpy as np


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Squared Frechet distance of two normal distributions with the means and covariances of (N, C) and (M, C).

    With Inception's features it is called FID. It is biased upwards where images are few: compare sets of one size.

    Source: Heusel et al., GANs trained by a two time-scale update rule (2017), equation 6.

    Raises:
        ValueError: fewer than two images, or other features.
    """
    _check(one, other)
    means, covariances = zip(*((x.mean(axis=0), np.cov(x, rowvar=False)) for x in map(_double, (one, other))))
    first, second = (np.atleast_2d(covariance) for covariance in covariances)
    root = _square_root(first)
    # The trace of the root of a product, whose eigenvalues are those of this symmetric matrix.
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    return float(((means[0] - means[1]) ** 2).sum() + np.trace(first) + np.trace(second) - 2 * shared)


def polynomial_mmd(one: np.ndarray, other: np.ndarray) -> float:
    """Squared maximum mean discrepancy of (N, C) and (M, C) with the kernel (x y / C + 1)^3, without bias.

    With Inception's features it is called KID. It may be negative where both sets are alike.

    Source: Binkowski et al., Demystifying MMD GANs (2018), section 4; Gretton et al. (2012), equation 3.

    Raises:
        ValueError: fewer than two images, or other features.
    """
    _check(one, other)
    x, y = _double(one), _double(other)

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T / a.shape[1] + 1) ** 3

    def within(a: np.ndarray) -> float:
        values = kernel(a, a)
        return (values.sum() - np.trace(values)) / (len(a) * (len(a) - 1))

    return float(within(x) + within(y) - 2 * kernel(x, y).mean())


def _double(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)


def _check(one: np.ndarray, other: np.ndarray) -> None:
    if min(len(one), len(other)) < 2 or one.shape[1:] != other.shape[1:]:
        raise ValueError(f'two images or more with the same features are compared, got {one.shape} and {other.shape}')


def _square_root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
