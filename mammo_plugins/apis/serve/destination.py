"""What every way of delivering results can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .deliveries import ResultFile


class DeliveryError(Exception):
    """A destination did not take or confirm results. The message identifies no patient.

    Attributes:
        is_down: whether it could not be reached at all, so that other results need not be tried now.
    """

    def __init__(self, reason: str, is_down: bool = False) -> None:
        super().__init__(reason)
        self.is_down = is_down


@dataclass(frozen=True)
class OutgoingFile:
    """An object and where it lies."""

    path: Path
    identity: ResultFile


class Sender(Protocol):
    """A destination."""

    def send(self, files: Sequence[OutgoingFile]) -> None:
        """Returns once every object was taken.

        Raises:
            DeliveryError: one was not.
        """

    def has(self, files: Sequence[OutgoingFile]) -> bool:
        """Whether the destination says that it has every object.

        Raises:
            DeliveryError: it gave no answer.
        """

    def ask_commitment(self, files: Sequence[OutgoingFile], transaction_uid: str) -> None:
        """Asks the destination to report that it keeps the objects.

        Raises:
            DeliveryError: it does not take the request.
        """
