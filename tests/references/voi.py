"""Window functions value by value, written from DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3 with y from 0 to 1."""

from __future__ import annotations

import math


def linear(x: float, center: float, width: float) -> float:
    if x <= center - 0.5 - (width - 1) / 2:
        return 0.0
    if x > center - 0.5 + (width - 1) / 2:
        return 1.0
    return (x - (center - 0.5)) / (width - 1) + 0.5


def linear_exact(x: float, center: float, width: float) -> float:
    if x <= center - width / 2:
        return 0.0
    if x > center + width / 2:
        return 1.0
    return (x - center) / width + 0.5


def sigmoid(x: float, center: float, width: float) -> float:
    return (1 + math.tanh(2 * (x - center) / width)) / 2  # 1 / (1 + exp(-4 (x - c) / w)), without overflow


FUNCTIONS = {'LINEAR': linear, 'LINEAR_EXACT': linear_exact, 'SIGMOID': sigmoid}
