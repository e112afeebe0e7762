"""Results leave: to each destination by itself, so that one that is down delays no other."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pydicom.uid import generate_uid

from .deliveries import (
    NOT_COMMITTED,
    Row,
    Stage,
    advance,
    ask_commitment,
    due,
    postpone,
    results_of,
)
from .destination import DeliveryError, OutgoingFile, Sender
from .dicom_sender import DicomSender
from .job_table import JobTable
from .receiver import take_commitment
from .settings import COMMITMENT, DICOM, FIND, NO_CONFIRMATION, QIDO, Destination, ServeSettings
from .spool import Spool
from .web_sender import WebSender


class DeliveryLoop:
    """Delivers to one destination.

    Args:
        settings, spool, table: of the service.
        destination: which.
        on_delivery: called with a word for what became of a delivery, for metrics.
    """

    def __init__(
        self,
        settings: ServeSettings,
        spool: Spool,
        table: JobTable,
        destination: Destination,
        on_delivery: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._rules, self._spool, self._table = settings.delivery, spool, table
        self._destination, self._on_delivery = destination, on_delivery
        self._title = settings.receive.title
        self._rest_until = 0.0

    def run_once(self, is_wanted: Callable[[], bool] = lambda: True) -> None:
        """Sends what is to be sent and asks for what is to be confirmed.

        Where the destination cannot be reached, the one delivery that was tried waits longer each time; the others
        keep their tries and follow once it answers.
        """
        for stage, step in ((Stage.PENDING, self._send), (Stage.SENT, self._confirm)):
            for row in due(self._table, self._destination.name, stage):
                if not is_wanted() or self._table.clock() < self._rest_until:
                    return
                with self._counted(row):
                    step(row)

    @contextmanager
    def _counted(self, row: Row) -> Iterator[None]:
        """A block whose error is a failure of this delivery alone, unless a report of its commitment was quicker."""
        try:
            yield
        except sqlite3.Error:  # of the job table: no destination is to blame
            raise
        except Exception as raised:  # a file is missing, say; its name stays out of the log
            error = raised if isinstance(raised, DeliveryError) else DeliveryError(type(raised).__name__)
            stage = postpone(self._table, row, self._rules, f'{row.state.value}: {error}')
            if stage is not None:
                self._on_delivery(stage.value)
            if error.is_down:
                self._rest_until = self._table.clock() + self._rules.wait_seconds(row.tries + 1)

    def _send(self, row: Row) -> None:
        self._sender().send(self._files(row))
        confirms = self._destination.confirm != NO_CONFIRMATION
        self._on_delivery('sent')
        advance(self._table, row, Stage.SENT if confirms else Stage.CONFIRMED)

    def _confirm(self, row: Row) -> None:
        if self._destination.confirm == COMMITMENT:
            self._ask_commitment(row)
        elif self._destination.confirm == NO_CONFIRMATION or self._confirming_sender().has(self._files(row)):
            # Without a confirmation a row is here where the settings asked for one when it was sent.
            self._on_delivery('confirmed')
            advance(self._table, row, Stage.CONFIRMED)
        else:
            raise DeliveryError('the destination does not have all objects')

    def _ask_commitment(self, row: Row) -> None:
        """Asks, once more where no report came, up to a dead letter; after a refusal the results are sent again."""
        if row.transaction_uid == NOT_COMMITTED:
            raise DeliveryError('the archive did not commit to all objects')
        if row.transaction_uid and row.tries + 1 >= self._rules.tries:
            raise DeliveryError('no report of the commitment came')
        transaction = generate_uid(None)
        not_before = self._table.clock() + self._destination.commitment_seconds
        asked = ask_commitment(self._table, row, transaction, not_before)  # before its report can come
        if asked is not None:
            with self._counted(asked):
                self._sender().ask_commitment(self._files(row), transaction)

    def _sender(self) -> Sender:
        if self._destination.kind == DICOM:
            return DicomSender(
                self._destination,
                self._title,
                self._rules.timeout_seconds,
                lambda report: take_commitment(self._table, report),
            )
        return WebSender(self._destination, self._rules.timeout_seconds)

    def _confirming_sender(self) -> Sender:
        if self._destination.confirm == QIDO:
            return WebSender(self._destination, self._rules.timeout_seconds)
        assert self._destination.confirm == FIND
        return self._sender()

    def _files(self, row: Row) -> Sequence[OutgoingFile]:
        return [OutgoingFile(self._spool.jobs / file.file, file) for file in results_of(self._table, row.job)]
