"""What a site decides about the DICOM objects that hold predictions."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

FINDINGS = ('density', 'calcification cluster', 'architectural distortion')
CODINGS = ('SCT', 'SRT')
FROM_IMAGES, NOW = 'images', 'now'
_THRESHOLDS = ('optional_from', 'required_from')


@dataclass(frozen=True)
class ResultSettings:
    """How results are written.

    Attributes:
        manufacturer, model_name: of the equipment; workstations draw the marks of vendors that they list.
        finding: what the model finds: ``density`` (masses and asymmetries), ``calcification cluster`` or
            ``architectural distortion``.
        coding: ``SCT`` for SNOMED CT codes of findings, or ``SRT`` for the older ones that some workstations ask for.
        required_from: score from which on a finding is to be shown ("Presentation Required").
        optional_from: score from which on it may be shown ("Presentation Optional"). Those below are in the CAD SR
            only, as "Not for Presentation".
        content_time: date and time of the results: ``images`` (when the last of the images was made, so that the same
            run gives the same bytes), ``now``, or a date and time such as ``2026-11-27T15:00:00``.
        series_number: of the first series of results; those of other kinds follow.

    Raises:
        ValueError: a value is unknown or out of range.
    """

    manufacturer: str = 'mammo_plugins'
    model_name: str = 'mammo_plugins'
    finding: str = 'density'
    coding: str = 'SCT'
    required_from: float = 0.5
    optional_from: float = 0.1
    content_time: str = FROM_IMAGES
    series_number: int = 9001

    def __post_init__(self) -> None:
        for name, known in (('finding', FINDINGS), ('coding', CODINGS)):
            if getattr(self, name) not in known:
                raise ValueError(f'{name} is one of {", ".join(known)}, got {getattr(self, name)!r}')
        for name in ('manufacturer', 'model_name'):
            value = getattr(self, name)
            if not isinstance(value, str) or not 0 < len(value) <= 64 or '\\' in value or not value.isprintable():
                raise ValueError(f'{name} is a text of 1 to 64 characters without backslash, got {value!r}')
        limits = (self.optional_from, self.required_from)
        if not all(isinstance(limit, (int, float)) and math.isfinite(limit) for limit in limits) or (
            limits[0] > limits[1]
        ):
            raise ValueError(f'scores with optional_from <= required_from are needed, got {limits}')
        if type(self.series_number) is not int or not 0 < self.series_number < 2**31 - 10:
            raise ValueError(f'series_number is a whole number from 1 on, got {self.series_number!r}')
        if self.content_time not in (FROM_IMAGES, NOW):
            self.stated_time()

    def stated_time(self) -> datetime:
        """``content_time`` as a date and time.

        Raises:
            ValueError: it is none.
        """
        try:
            return datetime.fromisoformat(self.content_time)
        except (TypeError, ValueError):
            raise ValueError(
                f'content_time is {FROM_IMAGES}, {NOW} or a date and time such as 2026-11-27T15:00:00, '
                f'got {self.content_time!r}'
            ) from None

    @property
    def digest(self) -> str:
        """SHA-256 over all settings."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def read_settings(path: str | Path | None) -> dict[str, Any]:
    """What a JSON object states of :class:`ResultSettings`; nothing where ``path`` is None.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such object, or a value is out of range.
    """
    if path is None:
        return {}
    try:
        given = json.loads(Path(path).read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} is no JSON file: {error}') from error
    known = [field.name for field in fields(ResultSettings)]
    if not isinstance(given, dict) or set(given) - set(known):
        unknown = sorted(set(given) - set(known)) if isinstance(given, dict) else type(given).__name__
        raise ValueError(f'{path} holds {unknown}: expected an object with some of {", ".join(known)}')
    alone = {name: value for name, value in given.items() if name not in _THRESHOLDS}
    try:
        ResultSettings(**(given if set(_THRESHOLDS) <= set(given) else alone))  # one threshold meets a model's first
    except (TypeError, ValueError) as error:
        raise ValueError(f'{path}: {error}') from error
    return given


def complete_settings(given: Mapping[str, Any], operating_points: Sequence[float] = ()) -> ResultSettings:
    """Settings from what is stated; of the rest, thresholds are those that go with the model where it has some.

    Args:
        given: from :func:`read_settings`.
        operating_points: scores that were chosen for the model. The highest, with the fewest false positives, is
            ``required_from``, the lowest ``optional_from``.

    Raises:
        ValueError: a stated threshold does not go with the model's other one.
    """
    scores = [min(max(score, 0.0), 1.0) for score in operating_points]
    own = dict(zip(_THRESHOLDS, (min(scores), max(scores)))) if scores else {}
    return ResultSettings(**{**own, **given})
