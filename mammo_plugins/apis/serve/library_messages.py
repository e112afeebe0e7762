"""What libraries would print about objects that come in: their warnings quote values, a patient's among them."""

from __future__ import annotations

import logging
import warnings

_LIBRARIES = ('pydicom', 'pynetdicom', 'highdicom')


def hush_libraries() -> None:
    """Keeps their warnings and messages out of the output of this process."""
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        warnings.filterwarnings('ignore', module=name)
