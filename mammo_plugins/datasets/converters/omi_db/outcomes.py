"""What became of the breasts and lesions of a client of OMI-DB, from the screening records (NBSS).

The record of a client holds an object an episode, and in it one an event: SCREENING, ASSESSMENT, CLINICAL, BIOPSYFINE,
BIOPSYWIDE, SURGERY. An event has ``left_opinion`` and ``right_opinion``, and under ``L`` and ``R`` one object a lesion
with its ``Opinion``. An episode of type CI is an interval cancer: found between two screens.

Source: documentation of the owners' ``omidb`` package, https://scicomcore.bitbucket.io/omidb (events, episodes,
lesions); Halling-Brown et al., Radiology: Artificial Intelligence 3(1), 2021.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

SIDES = {'L': 'left_opinion', 'R': 'right_opinion'}

_PATHOLOGY_EVENTS = ('SURGERY', 'BIOPSYWIDE', 'BIOPSYFINE')
_OTHER_EVENTS = ('ASSESSMENT', 'CLINICAL')
_MALIGNANT = {'malignant', 'om', 'b5', 'c5', 'h5'}
_BENIGN = {'benign', 'ob', 'b2', 'c2', 'h1', 'h2'}
_NORMAL = {'normal', 'on'}
_GIVEN_BY = 'o|op|opinion|h|hist|histo|histology|histological|c|cyt|cyto|cytology|cytological|wbn|core'
_KIND = (
    r'(?:micro ?|non )?invasive(?: (?:ductal|lobular|mammary|breast))?(?: carcinoma| cancer)?|in situ|dcis|carcinoma'
)
_NAMED = (
    r'(?:micro ?)?invasive (?:(?:ductal|lobular|mammary|breast) )?(?:carcinoma|cancer)|ductal carcinoma in situ|dcis'
)
_OPINION_WORDS = re.compile(
    rf'(?:(?:{_GIVEN_BY}) )?(?:'
    rf'(?P<malignant>(?:b5[abc]?|c5|h5)(?: malig(?:nant|nancy)?)?(?: (?:{_KIND}))?'
    rf'|malig(?:nant|nancy)?(?: (?:{_KIND}))?|{_NAMED})'
    r'|(?P<benign>(?:(?:b2|c2|h1|h2) )?benign)|(?P<normal>norm(?:al)?))'
)
_INTERVAL_CANCER_TYPES = ('CI', 'Interval case')  # code and name: the documentation has both


@dataclass(frozen=True)
class BreastOutcome:
    """What one episode says of one breast.

    Attributes:
        status: ``M`` malignant and ``CI`` interval cancer (proven cancers), ``B`` benign by biopsy or surgery, ``N``
            neither and never biopsied, or None where it is not known.
        reason: why it is not known.
        may_be_cancer: a proven cancer, or an interval cancer whose side is not told.
    """

    status: str | None
    reason: str = ''
    may_be_cancer: bool = False

    @property
    def malignant(self) -> int | None:
        """1, 0, or None where not known."""
        return None if self.status is None else int(self.status in ('M', 'CI'))

    @property
    def benign(self) -> int | None:
        """1, 0, or None where not known."""
        return None if self.status is None else int(self.status == 'B')


def read_outcomes(record: dict[str, Any]) -> dict[tuple[str, str], BreastOutcome]:
    """The outcome of each (episode, side) of a client.

    A breast without cancer in an episode is not known to be healthy where another episode of the client found cancer
    in it: an earlier image may show it, a later one shows the operated breast.

    Args:
        record: the content of ``nbss_<client>.json``.
    """
    episodes = {name: episode for name, episode in record.items() if isinstance(episode, dict)}
    outcomes = {(name, side): _judge_breast(episodes[name], side) for name in episodes for side in SIDES}
    for (name, side), outcome in list(outcomes.items()):
        others = (outcomes[other, side] for other in episodes if other != name)
        if outcome.status in ('B', 'N') and any(other.may_be_cancer for other in others):
            outcomes[name, side] = replace(outcome, status=None, reason='another episode found cancer in this breast')
    return outcomes


def judge_lesions(
    episode: dict[str, Any], side: str, numbers: list[str], outcome: BreastOutcome | None
) -> tuple[str | None, str]:
    """``malignant``, ``benign`` or None for a mark of some lesions, and the reason where it is None.

    A lesion's own biopsy or surgery decides. Where no lesion of this breast has such a result, that of the breast does.

    Args:
        episode: of the study that the mark lies in.
        side: ``L`` or ``R``.
        numbers: of the lesions; possibly none.
        outcome: of the breast in this episode, or None where it has none.
    """
    results = [_judge_lesion(episode, side, number) for number in numbers]
    for category in ('malignant', 'benign'):
        if category in results:
            return category, ''
    known = {number for event in _PATHOLOGY_EVENTS for number, _ in _lesions(episode, event, side)}
    if any(_judge_lesion(episode, side, number) for number in known):
        named = f'lesion {", ".join(numbers)}' if numbers else 'a mark without lesion number'
        return None, f'{named} has no result of its own, other lesions of this breast have'
    if outcome is None or outcome.status is None:
        return None, outcome.reason if outcome else 'no episode says what became of this breast'
    return ('malignant' if outcome.malignant else 'benign'), ''


def _judge_breast(episode: dict[str, Any], side: str) -> BreastOutcome:
    opinions = set(_pathology_opinions(episode, side))
    if opinions & _MALIGNANT:
        return BreastOutcome('CI' if _is_interval(episode) else 'M', may_be_cancer=True)
    if _is_interval(episode):
        return _judge_interval_cancer(episode, side)
    if opinions & _BENIGN:
        return BreastOutcome('B')
    if reason := _find_open_question(episode, side, opinions):
        return BreastOutcome(None, reason)
    return BreastOutcome('N')


def _is_interval(episode: dict[str, Any]) -> bool:
    return episode.get('EpisodeType') in _INTERVAL_CANCER_TYPES


def _judge_interval_cancer(episode: dict[str, Any], side: str) -> BreastOutcome:
    """An interval cancer without a malignant opinion of this side: told by where its lesions are listed."""
    others = {other for other in SIDES if set(_pathology_opinions(episode, other)) & _MALIGNANT}
    listed = {other for other in SIDES if _lesions(episode, 'INTERVALCANCER', other)} | others
    if not listed and not any(_object(episode.get(event)) for event in _PATHOLOGY_EVENTS):
        listed = {other for other in SIDES if _lesions(episode, 'LESION', other)}
    if side in listed:
        return BreastOutcome('CI', may_be_cancer=True)
    if listed:
        return BreastOutcome('B' if set(_pathology_opinions(episode, side)) & _BENIGN else 'N')
    return BreastOutcome(None, 'an interval cancer whose side is not told', may_be_cancer=True)


def _find_open_question(episode: dict[str, Any], side: str, opinions: set[str]) -> str:
    """Why a breast without a malignant or benign result is not known to be normal; empty where it is."""
    if not any(_object(episode.get(name)) for name in ('SCREENING', *_PATHOLOGY_EVENTS, *_OTHER_EVENTS)):
        return 'the episode has no event'
    if undecided := opinions - _NORMAL:
        return f'biopsy or surgery was not conclusive: {", ".join(sorted(undecided))}'
    for name in (*_PATHOLOGY_EVENTS, *_OTHER_EVENTS):
        event = _object(episode.get(name))
        if not event:
            continue
        opinion = _opinion_code(event.get(SIDES[side]))
        if name in _OTHER_EVENTS and opinion and opinion not in _NORMAL | _BENIGN:
            return f'{name} is {opinion} without biopsy or surgery'
        if not any(_opinion_code(event.get(key)) for key in SIDES.values()):
            return f'{name} has no opinion'
        if name in _PATHOLOGY_EVENTS and not opinions and _lesions(episode, name, side):
            return f'{name} has no opinion of this breast'
    return ''


def _judge_lesion(episode: dict[str, Any], side: str, number: str) -> str | None:
    opinions = {
        _opinion_code(lesion.get('Opinion'))
        for event in _PATHOLOGY_EVENTS
        for found, lesion in _lesions(episode, event, side)
        if found == number
    }
    if _is_interval(episode) and any(found == number for found, _ in _lesions(episode, 'INTERVALCANCER', side)):
        return 'malignant'
    if opinions & _MALIGNANT:
        return 'malignant'
    return 'benign' if opinions & _BENIGN else None


def _pathology_opinions(episode: dict[str, Any], side: str) -> Iterator[str]:
    """Opinions of the breast and of its lesions, after biopsy and surgery."""
    for name in _PATHOLOGY_EVENTS:
        values = [_object(episode.get(name)).get(SIDES[side])]
        values += [lesion.get('Opinion') for _, lesion in _lesions(episode, name, side)]
        yield from filter(None, map(_opinion_code, values))


def _lesions(episode: dict[str, Any], event: str, side: str) -> list[tuple[str, dict[str, Any]]]:
    """(number, lesion) of one event and side."""
    lesions = _object(_object(episode.get(event)).get(side))
    return [(str(number), _object(lesion)) for number, lesion in lesions.items()]


def _opinion_code(value: Any) -> str:
    """In small letters; words such as ``Hist malignant``, ``B5a``, ``Invasive carcinoma`` and ``O Benign`` as one word.

    B5a is in situ, B5b invasive, B5c not assessable, all malignant. Words that hedge or deny (``suspicious of
    malignancy``, ``probably benign``, ``no invasive carcinoma``) stay as they are, and are no result.

    Source: NHSBSP guidelines for non-operative diagnostic procedures and reporting in breast cancer screening.
    """
    text = ' '.join(str(value).lower().replace('-', ' ').replace('_', ' ').split()) if value is not None else ''
    match = _OPINION_WORDS.fullmatch(' '.join(re.sub(r'[().,:]', ' ', text).split()))
    return match.lastgroup if match and match.lastgroup else text


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
