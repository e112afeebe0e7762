"""A node that takes results, as an archive does, and can say what it has."""

from __future__ import annotations

import ssl
import threading
from collections import defaultdict

from pydicom import Dataset
from pynetdicom import AE, _config, evt
from pynetdicom.sop_class import (
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    StudyRootQueryRetrieveInformationModelFind,
)

from mammo_plugins.apis.serve.received_object import IMAGE_CLASSES, OTHER_CLASSES
from mammo_plugins.apis.serve.receiver import TRANSFER_SYNTAXES


class ArchiveNode:
    """Listens on loopback while it is started.

    Attributes:
        received: SOP Instance UID to the data sets that came under it.
        status: of the next C-STORE.
        forgets: whether it has nothing that it took, when it is asked.
        report_after: seconds from a request of commitment to its report; none comes where None.
        commitment_status: of the next N-ACTION; its report comes all the same, and before it.
    """

    def __init__(self, port: int, title: str = 'ARCHIVE', tls: ssl.SSLContext | None = None) -> None:
        self.port, self.title, self._tls = port, title, tls
        self.received: dict[str, list[bytes]] = defaultdict(list)
        self.studies: dict[str, set[str]] = defaultdict(set)
        self.report_after: float | None = 0.0
        self.status, self.forgets, self.commitment_status = 0, False, 0
        self.report_to: tuple[str, int] | None = None
        self._server = None

    def start(self) -> ArchiveNode:
        entity = AE(ae_title=self.title)
        entity.require_called_aet = True
        for sop_class in (*IMAGE_CLASSES, *OTHER_CLASSES):
            entity.add_supported_context(sop_class, list(TRANSFER_SYNTAXES))
        entity.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
        entity.add_supported_context(StorageCommitmentPushModel)
        handlers = [(evt.EVT_C_STORE, self._store), (evt.EVT_C_FIND, self._find), (evt.EVT_N_ACTION, self._commit)]
        self._server = entity.start_server(
            ('127.0.0.1', self.port), block=False, evt_handlers=handlers, ssl_context=self._tls
        )
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server = None

    def objects(self) -> list[Dataset]:
        """What it has, decoded."""
        from io import BytesIO

        from pydicom import dcmread

        return [dcmread(BytesIO(copies[0])) for copies in self.received.values()]

    def _store(self, event) -> int:
        if self.status:
            return self.status
        content = event.dataset_path.read_bytes() if _config.STORE_RECV_CHUNKED_DATASET else event.encoded_dataset()
        self.received[event.request.AffectedSOPInstanceUID].append(content)
        return 0

    def _find(self, event):
        uid = event.identifier.SOPInstanceUID
        if uid in self.received and not self.forgets:
            answer = Dataset()
            answer.QueryRetrieveLevel, answer.SOPInstanceUID = 'IMAGE', uid
            yield 0xFF00, answer
        yield 0x0000, None

    def _commit(self, event):
        if self.commitment_status:
            self._report(event.action_information)
            return self.commitment_status, None
        if self.report_after is not None:
            threading.Timer(self.report_after, self._report, (event.action_information,)).start()
        return 0, None

    def _report(self, request: Dataset) -> None:
        """Opens an association of its own, as the provider of the service."""
        report = Dataset()
        report.TransactionUID = request.TransactionUID
        report.ReferencedSOPSequence, report.FailedSOPSequence = [], []
        for item in request.ReferencedSOPSequence:
            known = item.ReferencedSOPInstanceUID in self.received and not self.forgets
            if not known:
                item.FailureReason = 0x0112
            (report.ReferencedSOPSequence if known else report.FailedSOPSequence).append(item)
        if not report.FailedSOPSequence:
            del report.FailedSOPSequence
        from pynetdicom import build_role

        entity = AE(ae_title=self.title)
        entity.add_requested_context(StorageCommitmentPushModel)
        role = build_role(StorageCommitmentPushModel, scp_role=True)
        title, port = self.report_to
        association = entity.associate('127.0.0.1', port, ae_title=title, ext_neg=[role])
        if association.is_established:
            event_type = 2 if 'FailedSOPSequence' in report else 1
            association.send_n_event_report(
                report, event_type, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
            )
            association.release()
