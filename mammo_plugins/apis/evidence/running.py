"""Carrying out a plan: refusals first, then a line in the ledger, then predictions, numbers and the pack."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mammo_plugins
from mammo_plugins.apis.model_bundle import find_bundle
from mammo_plugins.apis.model_bundle.choice import ModelChoice, choose_model
from mammo_plugins.io import AnnotationSet, read_annotations
from mammo_plugins.io.source_digest import digest_file
from mammo_plugins.io.whole_file import write_whole

from .bill_of_materials import bill_of_materials
from .checklists import mark_checklists
from .failures import find_failures
from .flow import analysed_images, patient_flow, unreadable_by_reason
from .ledger import count_looks, note_look, note_results, read_ledger
from .list_predictor import ListPredictor
from .locked_data import require_unchanged
from .page import evidence_sections, present_sections
from .partition import BROKEN, NOT_SHOWN, SeenImage, partition_proof, see_images
from .plan import SKIPPABLE, EvidencePlan, PlanError, read_plan
from .population import population_tables, read_all_demographics
from .predicted import PredictedList, read_predicted, unmentioned
from .repeatability import measure_repeatability
from .robustness import measure_robustness
from .run_time import study_times
from .scoring import number_entries, require_scorable, score_list
from .seal import read_key
from .subgroup_tests import subgroup_tables

EVIDENCE, PAGE, BILL, PREDICTIONS = 'evidence.json', 'evidence.html', 'sbom.cdx.json', 'predictions'


@dataclass(frozen=True)
class RunOptions:
    """How to carry a plan out; nothing here decides about a number.

    Args:
        model, annotations: where they lie now, where that is not where they lay when the plan was made.
        predictions: files that a run of the same model wrote, in place of predicting the images.
        others: annotation files of further training data, for the partition proof.
        who: a name for the ledger.
        key: file that the plan was signed with.
        device, trust_checkpoint: as everywhere.
        skip: steps of :data:`~.plan.SKIPPABLE` to leave out.
        examples: most misses and false marks that are listed and drawn.
        repeated_images: images that are predicted again and again.
        workers: processes that read files.
    """

    model: str | Path | None = None
    annotations: str | Path | None = None
    predictions: Sequence[str | Path] = ()
    others: Sequence[str | Path] = ()
    who: str = ''
    key: str | Path | None = None
    device: str | None = None
    trust_checkpoint: bool = False
    skip: Sequence[str] = ()
    examples: int = 6
    repeated_images: int = 20
    workers: int | None = None


@dataclass(frozen=True)
class EvidenceRun:
    """What a run left.

    Attributes:
        plan: what it was of.
        evidence: everything in ``evidence.json``.
        out: the folder.
        device: what computed.
    """

    plan: EvidencePlan
    evidence: dict[str, Any]
    out: Path
    device: str

    @property
    def partition_is_in_doubt(self) -> bool:
        """Whether something is shared with training, or training data were named and not all could be compared."""
        partition = self.evidence['partition']
        return partition['verdict'] == BROKEN or (partition['verdict'] == NOT_SHOWN and partition['promised'])


def run_evidence(plan_file: str | Path, out: str | Path, options: RunOptions) -> EvidenceRun:
    """Scores the locked test list of a plan once and writes the evidence into a folder.

    Args:
        plan_file: from :func:`~.freezing.freeze_plan`.
        out: folder for ``evidence.json``, ``evidence.html``, ``sbom.cdx.json`` and the predictions.
        options: how.

    Raises:
        PlanError: the plan was changed, or annotations, images or model are not those that it is about.
        LedgerError: the ledger was changed.
        ValueError, OSError: a file is not as it must be, or nothing can be predicted.
    """
    plan = read_plan(plan_file, None if options.key is None else read_key(options.key))
    if unknown := sorted(set(options.skip).difference(SKIPPABLE)):
        raise PlanError(f'--skip {unknown[0]}: only {" and ".join(SKIPPABLE)} can be left out')
    out = Path(out)
    if (out / EVIDENCE).exists():
        raise PlanError(
            f'{out / EVIDENCE} is there: results of a look are never overwritten; give --out another folder'
        )
    ann_file = Path(options.annotations or plan.located('annotations'))
    choice = _model_of(plan, options)
    annotations = read_annotations(ann_file)
    require_unchanged(plan, ann_file, annotations)
    plan.protocols()  # refuses rules that this version does not have
    given = read_predicted(options.predictions, plan) if options.predictions else None
    read_ledger(plan)
    predictor = None if choice is None else ListPredictor(choice, options.device, options.trust_checkpoint)
    tested = _see_list(plan, annotations, options)
    _require_something_to_score(tested, given)
    out.mkdir(parents=True, exist_ok=True)
    look = note_look(plan, options.who)
    evidence, drawn = _gather(tested, given, predictor, out, options)
    bill = json.dumps(bill_of_materials(plan.content['model']), indent=1, ensure_ascii=False) + '\n'
    write_whole(out / BILL, bill)
    evidence = {
        'kind': 'mammo_plugins evidence',
        'mammo_plugins': mammo_plugins.__version__,
        'plan': {name: value for name, value in plan.content.items() if name != 'where'},
        'signature': plan.signature,
        'look': {name: look[name] for name in ('look', 'who', 'when', 'model', 'plan')}
        | {'sha256': look['entry_sha256'], 'looks_so_far': count_looks(read_ledger(plan))},
        **evidence,
        'software': {'file': BILL, 'sha256': digest_file(out / BILL), 'components': bill.count('"bom-ref"') - 1},
    }
    evidence['checklists'] = mark_checklists(present_sections(evidence))
    write_whole(out / EVIDENCE, json.dumps(evidence, indent=1, ensure_ascii=False, allow_nan=False) + '\n')
    evidence_sections(evidence, drawn).write(out / PAGE)
    note_results(plan, look['look'], digest_file(out / EVIDENCE))
    return EvidenceRun(plan, evidence, out, str(predictor.device) if predictor else '')


def _model_of(plan: EvidencePlan, options: RunOptions) -> ModelChoice | None:
    """The model of a plan; None where predictions are given and it is not at hand."""
    place = options.model or plan.located('model')
    named = place if options.model or Path(place).is_file() else plan.content['where']['model']
    try:
        bundle = find_bundle(named)
    except FileNotFoundError:
        if options.predictions and options.model is None:
            return None
        raise
    if bundle.digest != plan.model_digest:
        raise PlanError(
            f'{named} is another model ({bundle.name} {bundle.metadata["version"]}, {bundle.digest[:12]}) than that of '
            f'{plan.path.name} ({plan.content["model"]["name"]}, {plan.model_digest[:12]}): give --model the one that '
            'was planned, or freeze a new plan'
        )
    return choose_model(bundle.path, trusted=options.trust_checkpoint)


@dataclass(frozen=True)
class _TestedList:
    """What is known of a test list before anybody looks at it.

    Attributes:
        plan: the plan.
        annotations: the whole file.
        listed: the images that are predicted.
        unreadable: id of an image to what is wrong with its file.
        partition: what the list shares with training.
    """

    plan: EvidencePlan
    annotations: AnnotationSet
    listed: AnnotationSet
    unreadable: Mapping[int, str]
    partition: dict[str, Any]

    def analysed(self, predicted: PredictedList) -> tuple[AnnotationSet, dict[int, str], dict[int, str]]:
        """The images that are scored, and id of each other one to why it cannot be read or was not predicted.

        Raises:
            ValueError: none is left, or the predictions are of other images.
        """
        predicted.require_something(self.listed)
        unreadable = dict(self.unreadable) | predicted.unreadable
        scored = self.listed.keep(self.plan.scores(image) for image in self.listed.images)
        left_out = unmentioned(predicted, scored) | predicted.left_out
        left_out = {key: why for key, why in left_out.items() if key not in unreadable}
        return analysed_images(self.plan, self.annotations, unreadable, left_out), unreadable, left_out


def _see_list(plan: EvidencePlan, annotations: AnnotationSet, options: RunOptions) -> _TestedList:
    """Reads every file that the evidence needs.

    Raises:
        ValueError, OSError: a file of further training data is not as it must be.
    """
    ids = set(plan.image_ids)
    listed = annotations.keep(image.id in ids for image in annotations.images)
    seen = see_images(listed, options.workers, 'test list')
    partition = partition_proof(seen, annotations, options.others, options.workers)
    return _TestedList(plan, annotations, listed, _problems(seen), partition)


def _require_something_to_score(tested: _TestedList, given: PredictedList | None) -> None:
    """Meets what would refuse the scoring, as far as that is known without a prediction, or of those that are given.

    Raises:
        ValueError: no image is left to be scored, or the given predictions and the annotations do not fit together.
    """
    if given is not None:
        require_scorable(tested.plan, tested.analysed(given)[0], given)
    elif len(tested.unreadable) == len(tested.listed.images):
        raise PlanError('no image of the plan can be read: there is nothing to predict')
    else:
        analysed_images(tested.plan, tested.annotations, tested.unreadable, ())


def _gather(
    tested: _TestedList,
    given: PredictedList | None,
    predictor: ListPredictor | None,
    out: Path,
    options: RunOptions,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Everything that evidence says, and what its page draws of it."""
    plan, annotations, listed = tested.plan, tested.annotations, tested.listed
    predicted = given
    if predicted is None:
        assert predictor is not None  # only given predictions do without the model
        predicted = predictor.predict(listed, out / PREDICTIONS)
    analysed, unreadable, left_out = tested.analysed(predicted)
    scored = score_list(plan, analysed, predicted)
    failures, pictures, notes = None, [], []
    if scored.findings and predicted.findings is not None:
        failures, pictures, notes = find_failures(plan, analysed, predicted.findings, options.examples)
    content = {
        'predictions': {'device': predicted.device, 'files': list(predicted.files)},
        'flow': patient_flow(plan, annotations, unreadable, left_out, analysed),
        'unreadable': unreadable_by_reason(unreadable, annotations),
        'partition': tested.partition,
        'population': population_tables(annotations, analysed, read_all_demographics(annotations)),
        'numbers': number_entries(scored),
        'details': {
            **{name: result.as_dict() for name, result in scored.findings.items()},
            **{f'{unit}/{label}': one.as_dict() for unit, of in scored.labels.items() for label, one in of.items()},
        },
        'subgroups': subgroup_tables(plan, analysed, predicted),
        'failures': failures,
        'robustness': _step('robustness', options, predictor,
                            lambda model: measure_robustness(plan, listed, analysed, predicted, model)),
        'repeatability': _step('repeatability', options, predictor,
                               lambda model: measure_repeatability(listed, model, options.repeated_images)),
        'run_time': study_times(predicted.study_seconds, predicted.device),
    }  # fmt: skip
    return content, {'scored': scored, 'pictures': pictures, 'notes': notes}


def _step(name: str, options: RunOptions, predictor: ListPredictor | None, measure: Any) -> Any:
    """What a step gives, or why it was left out."""
    if name in options.skip:
        return {'not_done': f'left out by --skip {name}'}
    if predictor is None:
        return {'not_done': 'the model is not at hand: give --model'}
    return measure(predictor)


def _problems(seen: Sequence[SeenImage]) -> dict[int, str]:
    """Id of an image to what is wrong with its file."""
    return {image.record.id: image.facts.problem for image in seen if image.facts.problem}
