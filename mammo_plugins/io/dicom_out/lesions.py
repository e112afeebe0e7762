"""Findings as lesions: those that the model says are one over several views are one, every other is its own."""

from __future__ import annotations

from dataclasses import dataclass

from .result_objects import result_uid
from .result_settings import ResultSettings
from .study_results import Mark, ReadImage, StudyResults


@dataclass(frozen=True)
class Lesion:
    """One lesion.

    Attributes:
        name: such as ``L FFDM lesion 1`` or ``L-CC DBT finding 2``, the same in every object of a run.
        uid: tracking UID, the same in every object of a run.
        places: where it is seen.
    """

    name: str
    uid: str
    places: tuple[tuple[ReadImage, Mark], ...]

    @property
    def score(self) -> float:
        """The highest of its findings."""
        return max(mark.score for _, mark in self.places)

    @property
    def words(self) -> str:
        """Where it is and how suspicious, on one line."""
        views = ' and '.join(dict.fromkeys(str(image.view) for image, _ in self.places))
        located = list(dict.fromkeys(mark.location.words for _, mark in self.places if mark.location is not None))
        return '; '.join([f'{self.name} in {views}', *located, f'score {self.score:.3f}'])


def gather_lesions(results: StudyResults, settings: ResultSettings, least_score: float = 0.0) -> list[Lesion]:
    """Lesions in the order of their first findings, of findings from a score on."""
    places: dict[tuple[str, ...], list[tuple[ReadImage, Mark]]] = {}
    names: dict[tuple[str, ...], str] = {}
    for image in results.images:
        side = image.view.laterality.value
        for number, mark in enumerate(image.marks, start=1):
            if mark.score < least_score:
                continue
            own = (image.instances[0].SOPInstanceUID, str(number))
            key = ('lesion', side, image.modality, str(mark.lesion)) if mark.lesion else ('finding', *own)
            places.setdefault(key, []).append((image, mark))
            name = f'{side} {image.modality} lesion {mark.lesion}'
            names.setdefault(key, name if mark.lesion else f'{image.view} {image.modality} finding {number}')
    return [
        Lesion(names[key], result_uid(results, settings, *key), tuple(of_lesion)) for key, of_lesion in places.items()
    ]
