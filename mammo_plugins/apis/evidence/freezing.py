"""Making a plan: everything that decides about the numbers, fixed before there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import mammo_plugins
from mammo_plugins.apis.evaluate import ScoringOptions
from mammo_plugins.apis.model_bundle import Bundle, find_bundle
from mammo_plugins.apis.model_bundle.metadata import gives
from mammo_plugins.datasets.audit.audited_image import name_first
from mammo_plugins.evaluation import SUBGROUPS, truth_from_annotations
from mammo_plugins.evaluation.subgroups import groups_of
from mammo_plugins.io import AnnotationSet, read_annotations
from mammo_plugins.io.source_digest import digest_file

from .locked_data import describe_images
from .perturbations import MISSING_VIEW, PERTURBATIONS
from .plan import FORMAT, KIND, EvidencePlan, PlanError, describe_protocol, relative_place, write_plan
from .seal import read_key
from .test_list import TestList, choose_test_list

PROTOCOLS = ('mm3d', 'mm3d-2d')
UNREADABLE = ('exclude', 'miss')


@dataclass(frozen=True)
class PlanOptions:
    """What a person decides before scoring.

    Args:
        split: the images to test.
        modality: of a model that reads several together, that which is scored; all where None.
        protocols: names; the first number of the first one is the primary result. Where None, :data:`PROTOCOLS` of a
            model that gives findings, and none of another.
        hit_pixels_of, hit_radius_px, targets: see :class:`~mammo_plugins.apis.evaluate.ScoringOptions`.
        threshold_fp: of the model's thresholds, that for so many false positives a volume; None for no counts.
        label_threshold: probability from which on a label is called present.
        subgroups: groupings that are reported and tested.
        exclude: rules, see :func:`~.test_list.choose_test_list`.
        unreadable: ``exclude`` images that cannot be read, or count them as images in which nothing was found
            (``miss``).
        min_cell: a subgroup of fewer patients is flagged.
        bootstrap, seed: replicates of all intervals, and their seed.
        robustness: names of changes to the images, see :mod:`.perturbations`.
    """

    split: str = 'test'
    modality: str | None = None
    protocols: Sequence[str] | None = None
    hit_pixels_of: str | None = None
    hit_radius_px: float | None = None
    targets: Sequence[str] | None = None
    threshold_fp: float | None = None
    label_threshold: float = 0.5
    subgroups: Sequence[str] = ()
    exclude: Sequence[str] = ()
    unreadable: str = 'exclude'
    min_cell: int = 10
    bootstrap: int = 1000
    seed: int = 0
    robustness: Sequence[str] = field(default_factory=lambda: (*PERTURBATIONS, MISSING_VIEW))


def freeze_plan(
    model: str | Path, ann_file: str | Path, out: str | Path, options: PlanOptions, key_file: str | Path | None = None
) -> EvidencePlan:
    """Writes the plan of an evaluation; nothing is predicted or scored.

    Args:
        model: name or zip of a model, see :func:`~mammo_plugins.apis.model_bundle.find_bundle`.
        ann_file: annotation file.
        out: the plan, a new file.
        options: what is decided.
        key_file: a file whose bytes sign the plan.

    Raises:
        ValueError: an option makes no sense, nothing is left to test, the truth does not suit the protocols, or the
            model has no such threshold.
        FileNotFoundError: there is no such model or file.
    """
    key = None if key_file is None else read_key(key_file)
    bundle, ann_file = find_bundle(model), Path(ann_file)
    protocols = options.protocols
    if protocols is None:
        protocols = PROTOCOLS if 'findings' in gives(bundle.metadata) else ()
    scoring = ScoringOptions(
        ann_file,
        tuple(protocols),
        hit_pixels_of=options.hit_pixels_of,
        hit_radius_px=options.hit_radius_px,
        targets=options.targets,
    )
    _require_options(options)
    annotations = read_annotations(ann_file)
    listed = choose_test_list(annotations, options.split, bundle.metadata['modalities'], options.exclude)
    _require_scorable(listed.annotations.select(modality=options.modality), scoring, options)
    scoring_content = _scoring_content(bundle, scoring, options, ann_file.name)
    listed_content = _list_content(listed, bundle, options)
    if scoring_content['thresholds']:
        _require_other_images(bundle, listed_content['images'])
    content = {
        'kind': KIND,
        'format': FORMAT,
        'frozen': datetime.now(timezone.utc).isoformat(timespec='seconds'),
        'mammo_plugins': mammo_plugins.__version__,
        'model': {'name': bundle.name, 'version': bundle.metadata['version'], 'digest': bundle.digest},
        **scoring_content,
        **listed_content,
        'annotations': {'file': ann_file.name, 'sha256': digest_file(ann_file)},
        'where': {
            'annotations': relative_place(ann_file, out),
            'model': relative_place(model, out) if Path(model).is_file() else str(model),
        },
    }
    return write_plan(out, content, key)


def _scoring_content(bundle: Bundle, scoring: ScoringOptions, options: PlanOptions, annotations: str) -> dict[str, Any]:
    """How is counted, and what is reported."""
    protocols = scoring.chosen_protocols()
    return {
        'scoring': {
            'protocols': [protocol.name for protocol in protocols],
            'hit_pixels_of': options.hit_pixels_of,
            'hit_radius_px': options.hit_radius_px,
            'targets': None if options.targets is None else list(options.targets),
            'label_threshold': options.label_threshold,
        },
        'protocols': {protocol.name: describe_protocol(protocol) for protocol in protocols},
        'thresholds': _thresholds(bundle, options, scoring.protocols, annotations),
        'subgroups': list(options.subgroups),
        'min_cell': options.min_cell,
        'bootstrap': {'replicates': options.bootstrap, 'seed': options.seed},
        'robustness': {name: PERTURBATIONS.get(name, {}) for name in options.robustness},
    }


def _list_content(listed: TestList, bundle: Bundle, options: PlanOptions) -> dict[str, Any]:
    """Which images are tested, and why others are not."""
    return {
        'selection': {
            'split': options.split,
            'modalities': list(bundle.metadata['modalities']),
            'scored': options.modality,
        },
        'exclusions': {
            'rules': list(options.exclude),
            'images': [{'id': image_id, 'reason': reason} for image_id, reason in listed.excluded.items()],
            'unreadable': options.unreadable,
        },
        'images': describe_images(listed.annotations),
    }


def _require_options(options: PlanOptions) -> None:
    if options.unreadable not in UNREADABLE:
        raise PlanError(f'unreadable images are dealt with by one of {", ".join(UNREADABLE)}, not {options.unreadable}')
    if options.bootstrap < 2 or options.min_cell < 1:
        raise PlanError(
            f'intervals need 2 replicates and cells 1 patient at least, got {options.bootstrap} and {options.min_cell}'
        )
    for names, known, what in (
        (options.subgroups, SUBGROUPS, 'subgroup'),
        (options.robustness, (*PERTURBATIONS, MISSING_VIEW), 'change of the images'),
    ):
        if unknown := [name for name in names if name not in known]:
            raise PlanError(f'unknown {what} {unknown[0]!r}: choose of {", ".join(known)}')
        if len(set(names)) < len(names):
            raise PlanError(f'a {what} is named twice: {", ".join(names)}')


def _require_scorable(annotations: AnnotationSet, scoring: ScoringOptions, options: PlanOptions) -> None:
    """Meets what would refuse the scoring now, while the plan can still be changed."""
    protocols = scoring.chosen_protocols()
    if not annotations.images:
        raise PlanError(f'no image of the modality {options.modality} is left to be scored: the model does not read it')
    try:
        if protocols:
            truth_from_annotations(annotations)
    except ValueError as error:
        raise PlanError(f'{error}; or leave such images out: --exclude unknown') from error
    for protocol in protocols:
        for by in options.subgroups:
            groups_of(annotations, by, protocol)


def _thresholds(
    bundle: Bundle, options: PlanOptions, protocols: Sequence[str], annotations: str
) -> list[dict[str, Any]]:
    """The model's operating points that the plan fixes, one a protocol."""
    if options.threshold_fp is None:
        return []
    points = bundle.points_at(options.threshold_fp, protocols, options.targets)
    if seen := [point for point in points if (point['split'], point['annotations']) == (options.split, annotations)]:
        raise PlanError(
            f'the threshold of {bundle.name} for {options.threshold_fp:g} false positives was chosen on the split '
            f'{seen[0]["split"]} of {annotations}, which is to be tested: export the model with one of another split'
        )
    return points


def _require_other_images(bundle: Bundle, images: Sequence[Mapping[str, Any]]) -> None:
    """Refuses to test images that a threshold was chosen on, whatever their files and splits are called."""
    chosen_on = bundle.threshold_images()
    shared = [image['name'] for image in images if image['sha256'] in chosen_on]
    if shared:
        raise PlanError(
            f'thresholds of {bundle.name} were chosen on {len(shared)} of the {len(images)} images that are to be '
            f'tested: {name_first(shared, "; ")}; export the model with thresholds of other images'
        )
