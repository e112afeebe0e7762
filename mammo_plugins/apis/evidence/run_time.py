"""How long a study takes."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import Any

import numpy as np


def study_times(seconds: Mapping[tuple[str, str], float], device: str) -> dict[str, Any]:
    """Seconds a study, reading included: the middle, the middle half and the slowest of them.

    Args:
        seconds: (patient, study) to its seconds, one case at a time; the first holds what the model needs to warm up.
        device: what computed.
    """
    if not seconds:
        return {'not_done': 'the predictions were given, and their times are not known'}
    values = np.array(list(seconds.values()))
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return {
        'studies': len(values),
        'median_s': float(middle),
        'quartiles_s': [float(low), float(high)],
        'slowest_s': float(values.max()),
        'device': device,
        'processor': platform.machine(),
        'cores': os.cpu_count(),
    }
