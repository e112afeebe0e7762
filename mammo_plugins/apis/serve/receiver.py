"""The node that images are sent to: C-STORE, C-ECHO and the reports of storage commitment.

An object is answered with success once it is on disk whole under its own name and in the table.

Source: DICOM PS3.4 B (Storage), J (Storage Commitment), A (Verification); PS3.7 9.1.1 and C (status).
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock

from pydicom import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLETransferSyntaxes,
)
from pynetdicom import AE, _config, dimse_messages, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification

from .deliveries import commit_results
from .job_table import JobTable
from .received_images import Arrival, ReceivedImage, enter_image, judge_arrival
from .received_object import IMAGE_CLASSES, OTHER_CLASSES, ReceivedObject, UnusableObjectError, describe_object
from .settings import IGNORE, Receive
from .spool import Spool, move_whole, sync
from .tls_server import TlsServer, start_server

_LOGGER = logging.getLogger(__name__)

SUCCESS, NOT_AUTHORIZED = 0x0000, 0x0124
OUT_OF_RESOURCES, UNUSABLE, CONFLICT, NOT_WANTED = 0xA700, 0xA900, 0xC001, 0xC002

TRANSFER_SYNTAXES = (
    ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian,
    *RLETransferSyntaxes, *JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes, *JPEG2000TransferSyntaxes,
)  # fmt: skip
_GIGABYTE = 1e9
_END_SECONDS = 2.0


class Receiver:
    """Listens while it is started.

    Args:
        settings: how.
        spool: where images go.
        table: where they are entered.
        on_object: called with a word for what became of an object, for metrics.
    """

    def __init__(
        self, settings: Receive, spool: Spool, table: JobTable, on_object: Callable[[str], None] = lambda _: None
    ) -> None:
        self._settings, self._spool, self._table, self._on_object = settings, spool, table, on_object
        self._server: TlsServer | None = None
        self._addresses: dict[str, set[str]] = {}
        for peer in settings.peers:
            self._addresses.setdefault(peer.title, set()).add(peer.address)

    @property
    def is_listening(self) -> bool:
        """Whether it takes associations."""
        return self._server is not None

    def start(self) -> None:
        """Begins to listen.

        Raises:
            OSError: the port is taken.
        """
        entity = AE(ae_title=self._settings.title)
        entity.require_called_aet = True
        entity.require_calling_aet = sorted(self._addresses)
        entity.maximum_associations = self._settings.most_associations
        entity.network_timeout = entity.dimse_timeout = self._settings.network_timeout_seconds
        entity.acse_timeout = min(30.0, self._settings.network_timeout_seconds)
        entity.add_supported_context(Verification)
        # The archive comes as the provider of this service, to report what it committed to.
        entity.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)
        others = OTHER_CLASSES if self._settings.other_objects == IGNORE else ()
        for sop_class in (*IMAGE_CLASSES, *others):
            entity.add_supported_context(sop_class, list(TRANSFER_SYNTAXES))
        _file_transfer.begin(self._spool.incoming)
        handlers = [
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_C_ECHO, self._echo),
            (evt.EVT_N_EVENT_REPORT, self._take_report),
            (evt.EVT_CONN_OPEN, self._guard),
            (evt.EVT_CONN_CLOSE, lambda event: _drop_half(event.assoc)),
            (evt.EVT_REJECTED, self._note_rejection),
        ]
        address = (self._settings.address, self._settings.port)
        try:
            self._server = start_server(
                entity, address, handlers, self._settings.tls(), self._settings.network_timeout_seconds
            )
        except BaseException:
            _file_transfer.end(self._spool.incoming)
            raise

    def stop(self) -> None:
        """Takes no further association, ends those that are there, and leaves no half of an object."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.shutdown()
        left = server.active_associations
        for association in left:
            association.abort(block=False)
        limit = time.monotonic() + _END_SECONDS
        for association in left:
            association.join(max(0.0, limit - time.monotonic()))
        for association in left:  # one that has not said who it is may not be aborted: its connection is closed
            association.kill()
        _file_transfer.end(self._spool.incoming)

    def _echo(self, event: Event) -> int:
        return SUCCESS if self._may_send(event.assoc) else NOT_AUTHORIZED

    def _store(self, event: Event) -> int:
        """The status of an object; pynetdicom removes its file unless it was moved."""
        try:
            status, word, why = self._keep(event)
        except (OSError, sqlite3.Error) as error:  # a full or broken disk; nothing half written has a name
            status, word, why = OUT_OF_RESOURCES, 'no space', type(error).__name__
        self._on_object(word)
        if word not in (Arrival.NEW.value, Arrival.DUPLICATE.value):
            self._note('object', what=word, status=f'{status:04X}', **({'reason': why} if why else {}))
        return status

    def _keep(self, event: Event) -> tuple[int, str, str]:
        """Status, a word for it, and why."""
        request = event.request
        if not self._may_send(event.assoc):
            return NOT_AUTHORIZED, 'stranger', ''
        if self._spool.free_bytes() < self._settings.minimum_free_gb * _GIGABYTE:
            return OUT_OF_RESOURCES, 'no space', 'less free space than minimum_free_gb'
        if request.AffectedSOPClassUID not in IMAGE_CLASSES:
            return SUCCESS, 'ignored', 'no image'  # only accepted where it is to be ignored
        try:
            found = describe_object(event.dataset_path, request.AffectedSOPClassUID, request.AffectedSOPInstanceUID)
        except UnusableObjectError as error:
            return UNUSABLE, 'unusable', str(error)
        if found.is_own:
            ignored = self._settings.other_objects == IGNORE
            return (SUCCESS, 'ignored', 'own result') if ignored else (NOT_WANTED, 'refused', 'own result')
        request._dataset_file.close()
        arrival = self._enter(event.dataset_path, found)
        if arrival is Arrival.CONFLICT:
            return CONFLICT, arrival.value, 'other bytes under a known UID; the first are kept'
        return SUCCESS, arrival.value, ''

    def _enter(self, path: Path, found: ReceivedObject) -> Arrival:
        sync(path)  # the long part, outside of the lock
        folder = self._spool.name(found.study_uid)
        file = f'{folder}/{self._spool.name(found.sop_uid)}.dcm'
        with self._spool.entering:  # between the judgement of an image and its entry comes no other
            arrival = judge_arrival(self._table, found.sop_uid, found.sha256)
            if arrival is Arrival.NEW:
                move_whole(path, self._spool.images / file)
                image = ReceivedImage(found.study_uid, found.sop_uid, file, found.sha256, found.modality, found.view)
                try:
                    enter_image(self._table, image, folder)
                except BaseException:
                    (self._spool.images / file).unlink(missing_ok=True)
                    raise
        return arrival

    def _note(self, event: str, **content: str) -> None:
        """Enters an event where the disk has space for it: what it tells of is answered in either case."""
        try:
            self._table.note(event, **content)
        except (OSError, sqlite3.Error) as error:
            _LOGGER.error('%s was not noted: %s', event, type(error).__name__)

    def _may_send(self, association: Association) -> bool:
        """Whether a title that is known calls from an address that it may call from."""
        allowed = self._addresses.get(association.requestor.ae_title.strip(), set())
        return '' in allowed or association.requestor.address in allowed

    def _take_report(self, event: Event) -> tuple[int, None]:
        """Storage commitment: what the archive promises to keep, and what it does not have."""
        if not self._may_send(event.assoc):
            return NOT_AUTHORIZED, None
        take_commitment(self._table, event.event_information)
        return SUCCESS, None

    def _guard(self, event: Event) -> None:
        """Aborts an association whose messages cannot be taken: a broken command, a disk that is full.

        Otherwise the exception would end a thread of pynetdicom's, and the connection would stay open.
        """
        association = event.assoc
        take = association.dimse.receive_primitive

        def take_or_abort(primitive: object) -> None:
            try:
                take(primitive)
            except Exception as error:
                _drop_half(association)
                association.dimse.message = None
                association.dul.event_queue.put('Evt19')  # an unexpected unit of data: the state machine aborts
                self._on_object('broken message')
                self._note('broken message', reason=type(error).__name__)

        association.dimse.receive_primitive = take_or_abort

    def _note_rejection(self, event: Event) -> None:
        self._on_object('rejected association')
        self._note('rejected association', address=event.assoc.requestor.address)


class _FileTransfer:
    """Has pynetdicom write what it receives to files in a folder, and send from files, while a receiver listens.

    It offers no way to name the folder, and that of the system is often in memory or on another file system. Its
    settings are those of the process: with several receivers the folder of the latest counts, and what was set before
    comes back with the end of the last, whichever that is.
    """

    def __init__(self) -> None:
        self._folders: list[Path] = []
        self._changing = Lock()

    def begin(self, folder: Path) -> None:
        with self._changing:
            if not self._folders:
                self._before = (
                    dimse_messages.NamedTemporaryFile,
                    _config.STORE_RECV_CHUNKED_DATASET,
                    _config.STORE_SEND_CHUNKED_DATASET,
                )
            self._folders.append(folder)
            self._set(partial(NamedTemporaryFile, dir=folder), True, True)

    def end(self, folder: Path) -> None:
        with self._changing:
            self._folders.remove(folder)
            if self._folders:
                self._set(partial(NamedTemporaryFile, dir=self._folders[-1]), True, True)
            else:
                self._set(*self._before)

    @staticmethod
    def _set(make_file: Callable, receive_to_files: bool, send_from_files: bool) -> None:
        dimse_messages.NamedTemporaryFile = make_file
        _config.STORE_RECV_CHUNKED_DATASET = receive_to_files
        _config.STORE_SEND_CHUNKED_DATASET = send_from_files


_file_transfer = _FileTransfer()


def _drop_half(association: Association) -> None:
    """Removes the part of an object that came before its connection was lost."""
    message = association.dimse.message
    if message is not None and message._data_set_file is not None:
        with suppress(OSError):
            Path(message._data_set_file.name).unlink()
        with suppress(OSError):  # writes what is left in its buffer, which a full disk does not take
            message._data_set_file.close()


def take_commitment(table: JobTable, report: Dataset) -> None:
    """Enters what an archive reports of a commitment.

    Source: DICOM PS3.4 J.3.3 (Storage Commitment Result).
    """
    committed = [str(item.ReferencedSOPInstanceUID) for item in report.get('ReferencedSOPSequence') or ()]
    failed = [str(item.ReferencedSOPInstanceUID) for item in report.get('FailedSOPSequence') or ()]
    commit_results(table, str(report.get('TransactionUID') or ''), committed, failed)
