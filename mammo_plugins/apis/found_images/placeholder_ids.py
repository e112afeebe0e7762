"""Ids that de-identifiers and tools write for everybody, so that they tell nobody apart."""

from __future__ import annotations

import re

_BEGINS = re.compile(r'[\W_]*(anon|de[\W_]*ident|de[\W_]+id\b|deid)', re.IGNORECASE)
_WORD = re.compile(
    r'redact\w*|hid(?:e|den)|mask\w*|remov\w*|deleted?|withheld|obfuscat\w*|scrub\w*|pseudonym\w*|confidential|private|'
    r'blank|empty|unknown|none|null|nil|nan|na|no(?:id|name)?|not|available|applicable|given|patient|subject|name|test|'
    r'dummy|id|x+|0+'
)
_LEAST_UID_DIGITS = 16  # a root and what makes a study its own take more; 1.2.3.4 was typed


def is_placeholder(patient_id: str) -> bool:
    """Whether an id is what de-identifiers write for everybody: ``ANON``, ``REDACTED``, ``No Name``, ``xxx-xx``.

    An id that holds a number of its own (``Patient 12``) is none, unless it begins with ``anon``.
    """
    if _BEGINS.match(patient_id) or patient_id.strip().lower() == 'n/a':
        return True
    return all(_WORD.fullmatch(word) for word in re.findall(r'[^\W_]+', patient_id.lower()))


def is_made_up_uid(uid: str) -> bool:
    """Whether a UID is absent, too short to be of one study (``1.2.3.4``), or one digit throughout."""
    return sum(letter.isdigit() for letter in uid) < _LEAST_UID_DIGITS or len(set(uid) - set('.')) == 1
