"""What the commands that score predictions have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mammo_plugins.evaluation import (
    DetectionProtocol,
    Predictions,
    choose_protocols,
    exchange_frames,
    read_predictions,
)
from mammo_plugins.evaluation.hit_rules import CentreHit
from mammo_plugins.io import AnnotationSet, read_annotations, read_dbtex_tables
from mammo_plugins.io.whole_file import write_whole


@dataclass(frozen=True)
class ScoringOptions:
    """Which images are scored, and how.

    Args:
        annotations: annotation file, or the labels and boxes tables of the DBTex challenge.
        protocols: names, see :mod:`mammo_plugins.evaluation.protocols`.
        split, modality: the images to evaluate; None for all. The challenge's tables know of neither.
        bootstrap: replicates for standard errors, intervals and bands, 0 for none.
        seed: seed of the bootstrap.
        lenient: leave unusable rows and rows of other images out and count them, instead of refusing the file.
        release_frame: the predictions are measured in the frame that BCS-DBT draws its boxes in, and not in stored
            pixels; matters for the volumes that are stored turned. Always so with the challenge's tables.
        hit_pixels_of: whose pixels distances of centres are measured in, see
            :class:`~mammo_plugins.evaluation.hit_rules.CentreHit`; the protocols' own choice where None.
        hit_radius_px: how far centres may be apart there; the protocols' own choice where None.
        targets: categories or finding types that are to be found; the protocols' own choice where None.
    """

    annotations: str | Path | tuple[str | Path, str | Path]
    protocols: Sequence[str] = ('mm3d', 'mm3d-2d')
    split: str | None = None
    modality: str | None = None
    bootstrap: int = 0
    seed: int = 0
    lenient: bool = False
    release_frame: bool = False
    hit_pixels_of: str | None = None
    hit_radius_px: float | None = None
    targets: Sequence[str] | None = None

    def chosen_protocols(self) -> list[DetectionProtocol]:
        """The protocols, with the grid that distances are measured on.

        Raises:
            ValueError: there is no such protocol or grid, or none of them measures distances.
        """
        return choose_protocols(self.protocols, self.hit_pixels_of, self.hit_radius_px, self.targets)

    def read_truth(self) -> AnnotationSet:
        """The images to evaluate.

        Raises:
            ValueError: a file is not as it must be, or a split or modality is asked of the challenge's tables.
        """
        if isinstance(self.annotations, tuple):
            if self.split or self.modality:
                raise ValueError('the labels and boxes tables hold one split of DBT: leave --split and --modality out')
            return read_dbtex_tables(*self.annotations)
        return read_annotations(self.annotations).select(modality=self.modality, split=self.split)

    def read_predictions(self, path: str | Path, truth: AnnotationSet) -> Predictions:
        """Predictions in the frame of ``truth``.

        Raises:
            ValueError: the file is not as it must be.
        """
        predictions = read_predictions(path, self.lenient)
        return exchange_frames(predictions, truth) if self.release_frame else predictions

    def settings(self) -> dict[str, object]:
        """What a file of results says about itself; names of files, never their folders."""
        files = self.annotations if isinstance(self.annotations, tuple) else (self.annotations,)
        hits = {protocol.name: protocol.hit for protocol in self.chosen_protocols()}
        measuring = {name: hit for name, hit in hits.items() if isinstance(hit, CentreHit)}
        return {
            'annotations': ', '.join(Path(file).name for file in files),
            'split': self.split,
            'modality': self.modality,
            'bootstrap': self.bootstrap,
            'seed': self.seed,
            'lenient': self.lenient,
            'release_frame': self.release_frame,
            'targets': None if self.targets is None else list(self.targets),
            'hit_pixels_of': {name: hit.hit_pixels_of for name, hit in measuring.items()},
            'hit_radius_px': {name: hit.min_radius_px for name, hit in measuring.items()},
        }


class Result(Protocol):
    """A result that json can keep."""

    def as_dict(self) -> dict[str, object]:
        """Plain values."""
        ...


def write_results(path: str | Path, results: Mapping[str, Result], settings: Mapping[str, object]) -> None:
    """Writes results with the settings that gave them as json; the file appears only when it is complete."""
    content = {'settings': dict(settings), 'results': {name: result.as_dict() for name, result in results.items()}}
    write_whole(path, json.dumps(content, indent=1, allow_nan=False) + '\n')
