"""Which image a sample of contrastive pretraining is, and how the images of a batch relate."""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

from .view_keys import ViewKey


class ImageIdentity(NamedTuple):
    """Where an image comes from, and in which styles its copies are shown.

    Attributes:
        patient: id of the patient; one id in two annotation files is one patient.
        view: side and projection, such as ``L-CC``.
        image: what only this image has, such as the path of its file.
        styles: style of each copy, empty where it is the image's own.
    """

    patient: str
    view: str
    image: str
    styles: tuple[str, ...] = ()

    def numbers(self) -> tuple[int, int, int, int]:
        """Patient, breast, projection and image as 64-bit numbers, which are the same in every process.

        Equal names give equal numbers; two of a million different ones agree with a probability of 3e-8.
        """
        view = ViewKey.parse(self.view)
        breast = f'{self.patient}\n{view.laterality.value}'
        return tuple(map(_number, (self.patient, breast, view.position.value, self.image)))


def _number(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), 'little', signed=True)
