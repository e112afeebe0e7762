"""Everything a site decides about the service: immutable, and checked before anything starts."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mammo_plugins.io.canonical_json import digest_of

from . import setting_checks as checks

REFUSE, IGNORE = 'refuse', 'ignore'
DICOM, STOW = 'dicom', 'stow'
NO_CONFIRMATION, FIND, QIDO, COMMITMENT = 'none', 'find', 'qido', 'commitment'
MODALITIES = ('FFDM', 'SM', 'DBT')

_DAY_SECONDS = 86400.0
_NEEDED = object()


def _setting(check: checks.Check, default: Any = _NEEDED) -> Any:
    """A field with the check of its value; one without a default must stand in the file."""
    if default is _NEEDED:
        return field(metadata={'check': check})
    return field(default=default, metadata={'check': check})


@dataclass(frozen=True)
class Peer:
    """A node that may send.

    Attributes:
        title: its AE title.
        address: the IP address that it calls from; any where empty.
    """

    title: str = _setting(checks.title)
    address: str = _setting(checks.ip_address, '')


@dataclass(frozen=True)
class Receive:
    """How images come in.

    Attributes:
        title, address, port: of this node. Loopback alone by default.
        other_objects: ``refuse`` or ``ignore`` SR, presentation states, segmentations and results of this software:
            what is ignored is answered with success and not kept. Neither starts a job.
        minimum_free_gb: free space below which images are refused.
        most_associations: at once.
        network_timeout_seconds: of a peer that says nothing.
        tls_certificate, tls_key: PEM files; plain TCP without them.
        tls_authorities: PEM file of those that may vouch for peers; their certificates are not asked for without it.
        peers: who may send; nobody else.
    """

    title: str = _setting(checks.title)
    port: int = _setting(checks.whole(1, 65535))
    address: str = _setting(checks.text, '127.0.0.1')
    other_objects: str = _setting(checks.one_of(REFUSE, IGNORE), REFUSE)
    minimum_free_gb: float = _setting(checks.number(0, 1e6), 10.0)
    most_associations: int = _setting(checks.whole(1, 1000), 10)
    network_timeout_seconds: float = _setting(checks.number(1, 3600), 60.0)
    tls_certificate: Path | None = _setting(checks.file, None)
    tls_key: Path | None = _setting(checks.file, None)
    tls_authorities: Path | None = _setting(checks.file, None)
    peers: tuple[Peer, ...] = ()

    def tls(self) -> ssl.SSLContext | None:
        """What the server's sockets are wrapped with; None for plain TCP."""
        if self.tls_certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.tls_certificate, self.tls_key)
        if self.tls_authorities is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.tls_authorities)
        return context


@dataclass(frozen=True)
class Complete:
    """When a study is taken for complete: by whichever comes first.

    Attributes:
        idle_seconds: nothing came for so long.
        timeout_seconds: its first image came so long ago, whatever still comes.
        four_views_of: modalities of which all must have CC and MLO of both sides; never where empty.
    """

    idle_seconds: float = _setting(checks.number(0, _DAY_SECONDS), 60.0)
    timeout_seconds: float = _setting(checks.number(1, _DAY_SECONDS), 1800.0)
    four_views_of: tuple[str, ...] = _setting(checks.some_of(*MODALITIES), ())


@dataclass(frozen=True)
class ModelSettings:
    """What predicts.

    Attributes:
        name: name or zip of a model.
        device: such as ``cpu`` or ``cuda:0``; the first GPU, else the CPU, where empty.
        time_limit_seconds: of a study; the process is ended then.
        tries: of a study, before its failure is reported.
        stop_grace_seconds: how long a running study may take to end when the service is stopped.
    """

    name: str = _setting(checks.text)
    device: str = _setting(checks.text, '')
    time_limit_seconds: float = _setting(checks.number(1, _DAY_SECONDS), 1800.0)
    tries: int = _setting(checks.whole(1, 100), 3)
    stop_grace_seconds: float = _setting(checks.number(0, 3600), 30.0)


@dataclass(frozen=True)
class Results:
    """What is written.

    Attributes:
        kinds: of objects, as ``mammo predict --dicom`` names them.
        settings: as ``mammo predict --dicom-settings`` names them.
    """

    kinds: tuple[str, ...] = ('cad-sr',)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Destination:
    """Where results go.

    Attributes:
        name: in logs and metrics.
        kind: ``dicom`` (C-STORE) or ``stow`` (STOW-RS).
        title, address, port: of a DICOM node.
        url: root of a DICOMweb server, for ``stow`` and for ``confirm = "qido"``.
        confirm: how it is made sure that results are there: ``none`` (the answer to the transfer), ``find`` (C-FIND),
            ``qido`` (QIDO-RS) or ``commitment`` (Storage Commitment Push Model).
        commitment_seconds: how long the report of a commitment is waited for before it is asked for again.
        tls: whether a DICOM node speaks TLS.
        tls_certificate, tls_key, tls_authorities: PEM files: who this node is, and who vouches for the other one.
        authorization: file whose one line goes into the HTTP header Authorization.
    """

    name: str = _setting(checks.name)
    kind: str = _setting(checks.one_of(DICOM, STOW), DICOM)
    title: str = _setting(checks.title, '')
    address: str = _setting(checks.text, '')
    port: int = _setting(checks.whole(1, 65535), 0)
    url: str = _setting(checks.url, '')
    confirm: str = _setting(checks.one_of(NO_CONFIRMATION, FIND, QIDO, COMMITMENT), NO_CONFIRMATION)
    commitment_seconds: float = _setting(checks.number(1, _DAY_SECONDS), 300.0)
    tls: bool = _setting(checks.flag, False)
    tls_certificate: Path | None = _setting(checks.file, None)
    tls_key: Path | None = _setting(checks.file, None)
    tls_authorities: Path | None = _setting(checks.file, None)
    authorization: Path | None = _setting(checks.file, None)

    def client_tls(self) -> ssl.SSLContext:
        """How connections to it are wrapped."""
        context = ssl.create_default_context(cafile=self.tls_authorities)
        if self.tls_certificate is not None:
            context.load_cert_chain(self.tls_certificate, self.tls_key)
        return context


@dataclass(frozen=True)
class Delivery:
    """How a destination that fails is tried again.

    Attributes:
        first_wait_seconds: after the first failure; doubled after each further one.
        longest_wait_seconds: of all waits.
        tries: before results are put aside as a dead letter.
        timeout_seconds: of an answer.
    """

    first_wait_seconds: float = _setting(checks.number(0.01, 3600), 10.0)
    longest_wait_seconds: float = _setting(checks.number(0.01, _DAY_SECONDS), 3600.0)
    tries: int = _setting(checks.whole(1, 1000), 30)
    timeout_seconds: float = _setting(checks.number(0.1, 3600), 60.0)

    def wait_seconds(self, tries: int) -> float:
        """After so many failures one after another, from 1."""
        return min(self.longest_wait_seconds, self.first_wait_seconds * 2.0 ** min(tries - 1, 60))


@dataclass(frozen=True)
class Retention:
    """How long images and results of studies that are done stay.

    Attributes:
        days: since the last change.
    """

    days: float = _setting(checks.number(0, 36500), 30.0)


@dataclass(frozen=True)
class Web:
    """Where health and metrics are asked for.

    Attributes:
        address, port: loopback alone by default.
    """

    address: str = _setting(checks.text, '127.0.0.1')
    port: int = _setting(checks.whole(1, 65535), 8080)


@dataclass(frozen=True)
class ServeSettings:
    """All of it.

    Attributes:
        spool: folder of images, results, jobs and the log, on one file system of this machine.
        receive, complete, model, results, delivery, retention, web: see their classes.
        destinations: where results go; each gets all of them.
    """

    spool: Path
    receive: Receive
    model: ModelSettings
    destinations: tuple[Destination, ...]
    complete: Complete = Complete()
    results: Results = Results()
    delivery: Delivery = Delivery()
    retention: Retention = Retention()
    web: Web = Web()

    @property
    def results_digest(self) -> str:
        """Of what decides results beside images and model."""
        return digest_of({'kinds': list(self.results.kinds), 'settings': dict(self.results.settings)})
