"""OpenCV, which two packages bring at once."""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version

from .check import Check, Status, one_line, pip_command

TOPIC = 'packages'
_DISTRIBUTIONS = ('opencv-python', 'opencv-python-headless')
# mmdet's augmentation library accepts no newer one.
HEADLESS = 'opencv-python-headless<4.13'


def check_opencv() -> Check:
    """Whether ``cv2`` imports.

    ``onedl-mmcv`` asks for opencv-python, ``onedl-mmdetection`` (through imaug) for opencv-python-headless too. Both
    write to the same folder: if opencv-python was unpacked last, the import needs libGL, which servers lack; and
    uninstalling either one deletes files of the other.
    """
    installed = [f'{name} {found}' for name in _DISTRIBUTIONS if (found := _version(name))]
    try:
        cv2 = importlib.import_module('cv2')
        loaded = cv2.__version__
    except Exception as error:  # also an AttributeError: the remains of an uninstalled package import as an empty cv2
        fix = pip_command('install', '--force-reinstall', '--no-deps', HEADLESS)
        problem = f'does not import: {one_line(error)} (installed: {", ".join(installed) or "none"})'
        return Check(TOPIC, 'cv2', Status.PROBLEM, problem, fix, one_line(error))
    return Check(TOPIC, 'cv2', Status.OK, f'{loaded} ({", ".join(installed)})')


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
