"""From a TOML file to settings, with everything that is wrong in it at once."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

from mammo_plugins.apis.dicom_results import check_kinds
from mammo_plugins.io.dicom_out.result_settings import ResultSettings

from . import setting_checks as checks
from .settings import (
    COMMITMENT,
    DICOM,
    FIND,
    QIDO,
    STOW,
    Complete,
    Delivery,
    Destination,
    ModelSettings,
    Peer,
    Receive,
    Results,
    Retention,
    ServeSettings,
    Web,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_Section = TypeVar('_Section')
_SECTIONS = {'complete': Complete, 'delivery': Delivery, 'retention': Retention, 'web': Web}
_TABLES = ('receive', 'model', 'results', *_SECTIONS)
_THRESHOLDS = ('optional_from', 'required_from')
_KEYS = ('spool', *_TABLES, 'destination')


class SettingsError(ValueError):
    """Settings that nothing can be started with; one line each thing that is wrong."""


def read_serve_settings(path: str | Path) -> ServeSettings:
    """The settings in a TOML file.

    Raises:
        FileNotFoundError: there is no such file.
        SettingsError: every key that is unknown, missing or of a wrong value, with what is expected.
    """
    try:
        with Path(path).open('rb') as file:
            content = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f'{path} is no TOML file: {error}') from error
    return parse_settings(content, str(path))


def parse_settings(content: Mapping[str, Any], name: str = 'settings') -> ServeSettings:
    """Settings from the values of a file.

    Raises:
        SettingsError: see :func:`read_serve_settings`.
    """
    reader = _Reader()
    reader.refuse_unknown('', content, _KEYS)
    spool = reader.value('spool', content.get('spool', MISSING), checks.folder)
    tables = {table: reader.table(table, content.get(table, {})) for table in _TABLES}
    receive = _read_receive(reader, tables['receive'])
    model = reader.section(ModelSettings, 'model', tables['model'])
    results = _read_results(reader, tables['results'])
    destinations = _read_destinations(reader, content.get('destination', []))
    _require_reporters(reader, receive, destinations)
    others = {key: reader.section(section, key, tables[key]) for key, section in _SECTIONS.items()}
    if reader.problems:
        raise SettingsError(f'{name}:\n' + '\n'.join(f'  {problem}' for problem in reader.problems))
    return ServeSettings(spool, receive, model, destinations, results=results, **others)


class _Reader:
    """Checks values and gathers what is wrong."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def value(self, key: str, value: Any, check: checks.Check) -> Any:
        """A value as it is used, or None where something is wrong."""
        try:
            return check(None if value is MISSING else value)
        except ValueError as error:
            got = 'is missing' if value is MISSING else f'= {_shown(key, value)}'
            self.problems.append(f'{key} {got}: expected {error}')
            return None

    def table(self, key: str, value: Any) -> Mapping[str, Any]:
        return self.value(key, value, checks.any_table) or {}

    def refuse_unknown(self, key: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for name in table:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f'did you mean {close[0]}?' if close else f'expected some of {checks.listed(known)}'
                self.problems.append(f'{_join(key, name)} is unknown: {hint}')

    def section(self, kind: type[_Section], key: str, table: Mapping[str, Any], *others: str) -> _Section | None:
        """A dataclass from a table; None where something is wrong.

        Args:
            kind: the dataclass.
            key: of the table.
            table: its values.
            others: keys that are read elsewhere.
        """
        own = [field for field in fields(kind) if 'check' in field.metadata]  # type: ignore[arg-type]
        self.refuse_unknown(key, table, (*(field.name for field in own), *others))
        before = len(self.problems)
        values = {
            field.name: self.value(_join(key, field.name), table.get(field.name, MISSING), field.metadata['check'])
            for field in own
            if field.name in table or field.default is MISSING
        }
        return kind(**values) if len(self.problems) == before else None


def _join(key: str, name: str) -> str:
    return f'{key}.{name}' if key else name


def _shown(key: str, value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f'{shown[:77]}...'


def _read_receive(reader: _Reader, table: Mapping[str, Any]) -> Receive | None:
    receive = reader.section(Receive, 'receive', table, 'peers')
    listed = table.get('peers', [])
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        reader.problems.append(
            'receive.peers: expected who may send, such as [{ title = "PACS", address = "10.0.0.5" }]'
        )
        return None
    peers = [reader.section(Peer, f'receive.peers[{place}]', one) for place, one in enumerate(listed)]
    _require_pair(reader, 'receive', table)
    if receive is None or None in peers:
        return None
    if receive.tls_authorities is not None and receive.tls_certificate is None:
        reader.problems.append('receive.tls_authorities needs tls_certificate and tls_key: nothing would be encrypted')
    _try_tls(reader, 'receive', receive.tls)
    return Receive(**{**vars(receive), 'peers': tuple(peers)})


def _require_pair(reader: _Reader, key: str, table: Mapping[str, Any]) -> None:
    if ('tls_certificate' in table) != ('tls_key' in table):
        reader.problems.append(f'{key}: tls_certificate and tls_key go together')


def _try_tls(reader: _Reader, key: str, make: Any) -> None:
    try:
        make()
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reader.problems.append(f'{key}: certificates cannot be used ({error})')


def _read_results(reader: _Reader, table: Mapping[str, Any]) -> Results:
    given = dict(table)
    kinds = given.pop('kinds', list(Results.kinds))
    if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
        reader.problems.append(f'results.kinds = {_shown("", kinds)}: expected a list such as ["cad-sr", "gsps"]')
    else:
        try:
            kinds = check_kinds(','.join(kinds))
        except ValueError as error:
            reader.problems.append(f'results.kinds: {error}')
    known = tuple(field.name for field in fields(ResultSettings))
    reader.refuse_unknown('results', given, (*known, 'kinds'))
    for name in sorted(set(given) & set(known)):
        alone = dict.fromkeys(_THRESHOLDS, given[name]) if name in _THRESHOLDS else {name: given[name]}
        try:
            ResultSettings(**alone)
        except (TypeError, ValueError) as error:
            reader.problems.append(f'results.{name} = {_shown("", given[name])}: {error}')
    limits = [given.get(name) for name in _THRESHOLDS]
    if all(isinstance(limit, (int, float)) for limit in limits) and limits[0] > limits[1]:
        reader.problems.append('results.optional_from: expected a score that is not above required_from')
    return Results(tuple(kinds), given)


def _read_destinations(reader: _Reader, listed: Any) -> tuple[Destination, ...]:
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        reader.problems.append('destination: expected one [[destination]] or more, where results go')
        return ()
    found = []
    for place, table in enumerate(listed):
        key = f'destination[{place}]'
        destination = reader.section(Destination, key, table)
        _require_pair(reader, key, table)
        if destination is not None:
            reader.problems += [f'{key}: {problem}' for problem in _contradictions(destination)]
            _try_tls(reader, key, destination.client_tls)
            found.append(destination)
    names = [one.name for one in found]
    if len(set(names)) < len(names):
        reader.problems.append(f'destination: expected different names, got {checks.listed(names)}')
    return tuple(found)


def _require_reporters(reader: _Reader, receive: Receive | None, destinations: tuple[Destination, ...]) -> None:
    """Who is asked for a commitment reports by an association of its own, and must be let in."""
    if receive is None:
        return
    known = {peer.title for peer in receive.peers}
    reader.problems += [
        f'destination {one.name}: confirm = "{COMMITMENT}" needs {one.title} in receive.peers, as its report comes by '
        'an association of its own'
        for one in destinations
        if one.confirm == COMMITMENT and one.kind == DICOM and one.title not in known
    ]


def _contradictions(one: Destination) -> list[str]:
    """What a destination lacks for what is asked of it."""
    problems = []
    if one.kind == DICOM and not (one.title and one.address and one.port):
        problems.append('kind = "dicom" needs title, address and port')
    if (one.kind == STOW or one.confirm == QIDO) and not one.url:
        problems.append('kind = "stow" and confirm = "qido" need the url of a DICOMweb server')
    files = (one.tls_certificate, one.tls_key, one.tls_authorities)
    if any(files) and not one.tls and not one.url.startswith('https:'):
        problems.append('TLS files are of use with tls = true or an https url alone: nothing would be encrypted')
    if one.kind == STOW and one.confirm in (FIND, COMMITMENT):
        problems.append(f'confirm = "{one.confirm}" needs kind = "dicom": take "qido" or "none"')
    return problems
