"""Names that tell repeated views of one exam apart."""

from __future__ import annotations

from collections import Counter

from mammo_plugins.structures import ViewKey


class ViewNumbering:
    """Names views ``lcc``, ``lcc1``, ``lcc2`` in the order in which they come, for releases that do not name repeats.

    An annotation file wants each view of a patient, study and modality to have a name of its own.
    """

    def __init__(self) -> None:
        self._uses: Counter[tuple[str, ...]] = Counter()

    def name_next(self, view: ViewKey, patient_id: str, study_uid: str, modality: str) -> str:
        """The name of the next image of this view in an exam."""
        name = f'{view.laterality.value}{view.position.value}'.lower()
        key = (patient_id, study_uid, modality, name)
        number = self._uses[key]
        self._uses[key] += 1
        return f'{name}{number}' if number else name
