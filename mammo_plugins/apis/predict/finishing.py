"""The end of a run: tables, report, and what there is to say."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mammo_plugins.apis.dicom_results.writing import FOLDER as DICOM
from mammo_plugins.apis.found_images.counted_notes import note_texts
from mammo_plugins.apis.found_images.finding import no_usable_image
from mammo_plugins.apis.found_images.left_out_table import IN_DOUBT, LEFT_OUT, read_left_out
from mammo_plugins.apis.model_bundle.choice import ModelChoice
from mammo_plugins.evaluation.metrics.label_metric import label_file_name
from mammo_plugins.structures.sample_predictions import note_sentences
from mammo_plugins.visualization.study_list_page import StudyLine, write_study_list

from .merging import LEFT_OUT as LEFT_OUT_TABLE
from .merging import RunSummary, merge_parts, summarize
from .modalities import foreign_notes
from .outputs import FINDINGS, LABELS, MAPS, PICTURES, given_lines, given_units
from .study_index import StudyIndex
from .study_parts import PAGE, STUDIES, StudyParts, StudyRecord

_MOST_REASONS = 50  # of a source without an image


@dataclass(frozen=True)
class PredictionRun:
    """Where predictions went.

    Attributes:
        out: the folder.
        summary: what was done, in numbers.
        model: what predicted: name, version and digest, or config and digest of the weights.
        notes: what is to be said of the model, what told patients apart, images of a modality that the config has no
            data of, and how predictions came about where the model tells.
    """

    out: Path
    summary: RunSummary
    model: dict[str, str]
    notes: list[str]

    @property
    def html(self) -> Path:
        """The report: a page, or a list of studies with a page each."""
        return self.out / PAGE

    @property
    def table(self) -> Path:
        """``left_out.csv``, files that were left out and those in doubt."""
        return self.out / LEFT_OUT_TABLE

    @property
    def csv(self) -> Path | None:
        """Findings; None where the model gives none."""
        return self._if_there(FINDINGS)

    @property
    def labels(self) -> list[Path]:
        """A file for each of image, breast and pair that has labels."""
        units = given_units(self.summary.given)
        return [label_file_name(self.out / LABELS, unit, len(units)) for unit in units]

    @property
    def maps(self) -> Path | None:
        """The folder of saliency maps; None where the model gives none."""
        return self._if_there(MAPS)

    @property
    def pictures(self) -> Path | None:
        """The folder of pictures that the model made, in the format of maps; None where there are none."""
        return self._if_there(PICTURES)

    @property
    def dicom(self) -> Path | None:
        """The folder of DICOM objects, with one a study; None where none was written."""
        return self.out / DICOM if self.summary.num_dicom else None

    @property
    def given(self) -> list[str]:
        """Sentences that say what the model gave."""
        return given_lines(self.summary.given)

    @property
    def left_out(self) -> dict[str, str]:
        """File to reason, read from the table: files that are no usable breast image, studies that failed."""
        return read_left_out(self.table, LEFT_OUT)

    @property
    def doubts(self) -> dict[str, str]:
        """File to what is odd about an image that was predicted, read from the table."""
        return read_left_out(self.table, IN_DOUBT)

    @property
    def malignancy(self) -> dict[str, float | None]:
        """Case to predicted malignancy, None where the model gives none; read from the records of the studies."""
        return {case['name']: case['malignancy'] for record in self._records() for case in record.cases}

    def _records(self) -> Iterator[StudyRecord]:
        parts = StudyParts(self.out)
        return parts.records(StudyIndex(parts.index_path).num_studies)

    def _if_there(self, name: str) -> Path | None:
        path = self.out / name
        return path if path.exists() and (name == FINDINGS or name in self.summary.given) else None


def finish_run(
    parts: StudyParts,
    source: Path,
    choice: ModelChoice,
    weights: str,
    known_modalities: list[str],
    doubts: Sequence[str] = (),
) -> PredictionRun:
    """Merges what the studies left, and writes the report.

    Args:
        parts: of the run.
        source: what was searched.
        choice: the model.
        weights: digest of its weights.
        known_modalities: those that the config has data of.
        doubts: sentences about the run, said first.

    Raises:
        ValueError: nothing was predicted; the message says why.
    """
    index = StudyIndex(parts.index_path)
    summary = summarize(parts, index)
    merge_parts(parts, index, summary)
    if not summary.num_studies:
        raise ValueError(_why_nothing(parts, index, source))
    notes = [
        *doubts,
        *choice.notes,
        *note_texts(summary.notes),
        *foreign_notes(known_modalities, summary.foreign),
        *note_sentences(summary.prediction_notes, summary.num_images),
    ]
    run = PredictionRun(parts.out, summary, choice.description(weights), notes)
    _write_report(parts, index, run)
    return run


def _why_nothing(parts: StudyParts, index: StudyIndex, source: Path) -> str:
    failed = [record.failed for record in parts.records(index.num_studies) if record.failed]
    if failed:
        return failed[0]
    reasons = list(read_left_out(parts.out / LEFT_OUT_TABLE, LEFT_OUT).items())
    more = (
        f'\n    and {len(reasons) - _MOST_REASONS} more, see {LEFT_OUT_TABLE}' if len(reasons) > _MOST_REASONS else ''
    )
    return no_usable_image(source, dict(reasons[:_MOST_REASONS])) + more


def _write_report(parts: StudyParts, index: StudyIndex, run: PredictionRun) -> None:
    """The page of the one study, or the list of all."""
    records = (record for record in parts.records(index.num_studies) if record.num_images or record.failed)
    if run.summary.num_studies == 1 and not run.summary.num_failed:
        number = next(records).number
        shutil.copyfile(parts.folder(number) / PAGE, run.html)
        return
    facts = [f'The model gives {line}.' for line in run.given]
    if run.summary.num_left_out or run.summary.num_doubts:
        facts.append(
            f'{run.summary.num_left_out} files were left out and {run.summary.num_doubts} are in doubt: see '
            f'{LEFT_OUT_TABLE}.'
        )
    write_study_list(run.html, 'Predicted studies', map(_line, records), [*run.notes, *facts])


def _line(record: StudyRecord) -> StudyLine:
    scores = [case['malignancy'] for case in record.cases if case['malignancy'] is not None]
    remarks = [
        *([f'failed: {record.failed}'] if record.failed else []),
        *([f'{len(record.left_out)} files left out'] if record.left_out else []),
        *([f'{len(record.doubts)} images in doubt'] if record.doubts else []),
    ]
    cases = [' '.join(filter(None, [case['name'], case['labels']])) for case in record.cases]
    return StudyLine(
        f'{STUDIES}/{record.number:06d}/{PAGE}' if record.num_images else '',
        ', '.join(cases) or f'study {record.number}',
        max(scores, default=None),
        record.num_images,
        ', '.join(remarks),
    )
