"""When an image was exposed, as a time of day: enough to tell repeats of one study apart, and no date."""

from __future__ import annotations

import re

from .dicom_tags import DicomTags

TIME_KEYWORDS = ('AcquisitionTime', 'SeriesTime')
_TIME = re.compile(r'(\d\d):?(\d\d)?:?(\d\d(?:\.\d{1,6})?)?')


def read_acquisition_time(tags: DicomTags) -> float | None:
    """Seconds since midnight of Acquisition Time (0008,0032), else of Series Time; None where neither is a time."""
    times = (seconds_of_day(tags.text(keyword)) for keyword in TIME_KEYWORDS)
    return next((time for time in times if time is not None), None)


def seconds_of_day(text: str) -> float | None:
    """Seconds since midnight of a DICOM time; None for any other text.

    Source: DICOM PS3.5, table 6.2-1 (TM: HHMMSS.FFFFFF, of which later parts may be absent).
    """
    if (match := _TIME.fullmatch(text.strip())) is None:
        return None
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return 3600 * hours + 60 * minutes + seconds if hours < 24 and minutes < 60 and seconds < 60 else None
