"""Results to a DICOM node: C-STORE, confirmed by C-FIND or by storage commitment.

Source: DICOM PS3.4 B (Storage), C.6.2 (Study Root Query), J (Storage Commitment).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.sop_class import (
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    StudyRootQueryRetrieveInformationModelFind,
)

from .destination import DeliveryError, OutgoingFile
from .settings import Destination

_REPORT_SECONDS = 1.0  # for archives that report on the association that asked
_ADDED = 0x0000
_WARNINGS = (0xB000, 0xB006, 0xB007)  # taken, with a remark (PS3.4 B.2.3)
_PENDING = (0xFF00, 0xFF01)


class DicomSender:
    """A DICOM node.

    Args:
        destination: which.
        own_title: of this node.
        timeout_seconds: of its answers.
        on_report: called with the report of a commitment that comes at once.
    """

    def __init__(
        self,
        destination: Destination,
        own_title: str,
        timeout_seconds: float,
        on_report: Callable[[Dataset], None] = lambda _: None,
    ) -> None:
        self._destination, self._own_title, self._timeout = destination, own_title, timeout_seconds
        self._on_report = on_report

    def send(self, files: Sequence[OutgoingFile]) -> None:
        """Stores every object; the archive answers for each."""
        classes = sorted({file.identity.sop_class for file in files})
        with self._associated(classes) as association:
            for file in files:
                try:
                    status = association.send_c_store(file.path)
                except (ValueError, RuntimeError, AttributeError) as error:
                    raise DeliveryError(f'C-STORE: {_plain(error)}') from None
                code = status.get('Status')
                if code is None:
                    raise DeliveryError('C-STORE: no answer', is_down=True)
                if code != _ADDED and code not in _WARNINGS:
                    raise DeliveryError(f'C-STORE: status {code:04X}')

    def has(self, files: Sequence[OutgoingFile]) -> bool:
        """Asks for each object by C-FIND at the level of instances."""
        with self._associated([StudyRootQueryRetrieveInformationModelFind]) as association:
            return all(self._finds(association, file) for file in files)

    def _finds(self, association: Association, file: OutgoingFile) -> bool:
        wanted = Dataset()
        wanted.QueryRetrieveLevel = 'IMAGE'
        wanted.StudyInstanceUID, wanted.SeriesInstanceUID = file.identity.study_uid, file.identity.series_uid
        wanted.SOPInstanceUID = file.identity.sop_uid
        found = False
        for status, answer in association.send_c_find(wanted, StudyRootQueryRetrieveInformationModelFind):
            code = status.get('Status')
            if code is None:
                raise DeliveryError('C-FIND: no answer', is_down=True)
            if code not in (*_PENDING, 0):
                raise DeliveryError(f'C-FIND: status {code:04X}')
            found |= answer is not None and answer.get('SOPInstanceUID') == file.identity.sop_uid
        return found

    def ask_commitment(self, files: Sequence[OutgoingFile], transaction_uid: str) -> None:
        """Sends the request; the report comes on this association or on one that the archive opens."""
        request = Dataset()
        request.TransactionUID = transaction_uid
        request.ReferencedSOPSequence = []
        for file in files:
            item = Dataset()
            item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = file.identity.sop_class, file.identity.sop_uid
            request.ReferencedSOPSequence.append(item)
        reported = []

        def take(event: Event) -> tuple[int, None]:
            reported.append(event.event_information)
            return 0, None

        with self._associated([StorageCommitmentPushModel], [(evt.EVT_N_EVENT_REPORT, take)]) as association:
            status, _ = association.send_n_action(
                request, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
            )
            code = status.get('Status')
            if code is None:
                raise DeliveryError('N-ACTION: no answer', is_down=True)
            if code != 0:
                raise DeliveryError(f'N-ACTION: status {code:04X}')
            limit = time.monotonic() + _REPORT_SECONDS
            while not reported and association.is_established and time.monotonic() < limit:
                time.sleep(0.02)
        for report in reported:
            self._on_report(report)

    @contextmanager
    def _associated(self, classes: Sequence[str], handlers: list | None = None) -> Iterator[Association]:
        entity = AE(ae_title=self._own_title)
        entity.connection_timeout = entity.acse_timeout = self._timeout
        entity.dimse_timeout = entity.network_timeout = self._timeout
        for sop_class in classes:
            entity.add_requested_context(sop_class, ExplicitVRLittleEndian)
        destination = self._destination
        tls = (destination.client_tls(), destination.address) if destination.tls else None
        try:
            association = entity.associate(
                destination.address,
                destination.port,
                ae_title=destination.title,
                tls_args=tls,
                evt_handlers=handlers or [],
            )
        except OSError as error:  # its name is not known, say
            raise DeliveryError(f'cannot be reached ({_plain(error)})', is_down=True) from None
        if not association.is_established:
            why = 'rejected the association' if association.is_rejected else 'cannot be reached'
            raise DeliveryError(why, is_down=True)
        try:
            missing = set(classes) - {str(context.abstract_syntax) for context in association.accepted_contexts}
            if missing:
                raise DeliveryError(f'does not take {", ".join(sorted(missing))}')
            yield association
        finally:
            if association.is_established:
                association.release()


def _plain(error: Exception) -> str:
    """The kind of an error: texts of libraries may quote values."""
    return type(error).__name__
