"""Comparing what several models find, from their files of predictions."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from mammo_plugins.evaluation import DetectionProtocol, choose_protocols
from mammo_plugins.evaluation.disagreements import Disagreements, find_disagreements
from mammo_plugins.evaluation.hit_rules import OWN, CentreHit
from mammo_plugins.io import read_annotations
from mammo_plugins.io.whole_file import write_whole
from mammo_plugins.visualization.disagreement_page import write_disagreement_page
from mammo_plugins.visualization.disagreement_tables import disagreement_tables
from mammo_plugins.visualization.result_table import screen_table

from .buckets import describe_buckets
from .models import PredictionFiles, model_at_threshold


@dataclass(frozen=True)
class DisagreementOptions:
    """Which images are compared, and how.

    Args:
        annotations: annotation file with the images of all models.
        split: the images that are compared.
        threshold_split: the images on which each model's threshold is chosen.
        threshold_fp: false positives an image that a model may have there.
        protocol: when a prediction hits a finding.
        hit_pixels_of: whose pixels distances are measured in, see
            :class:`~mammo_plugins.evaluation.hit_rules.CentreHit`; the protocol's own choice where None.
        hit_radius_px: how far centres may be apart there; the protocol's own choice where None.
        lenient: leave unusable rows and rows of unknown images out, instead of refusing the file.

    Source: SM/FFDM fusion, section 3.
    """

    annotations: str | Path
    split: str = 'test'
    threshold_split: str = 'validation'
    threshold_fp: float = 1.0
    protocol: str = 'center-hit'
    hit_pixels_of: str | None = None
    hit_radius_px: float | None = None
    lenient: bool = False

    def chosen_protocol(self) -> DetectionProtocol:
        """The protocol, with the grid and radius of distances."""
        (protocol,) = choose_protocols([self.protocol], self.hit_pixels_of, self.hit_radius_px)
        return protocol


def compare_found(
    models: Sequence[PredictionFiles],
    options: DisagreementOptions,
    *,
    json_out: str | Path | None = None,
    html_out: str | Path | None = None,
    examples: int = 6,
    seed: int = 0,
) -> Disagreements:
    """Sorts lesions and false positives by the models that have them.

    Args:
        models: two or more, of one modality or of several.
        options: which images, and how.
        json_out: where all counts, and every lesion and false positive view by itself, go.
        html_out: where a page with the counts and pictures of each bucket goes.
        examples: most lesions or views that the page shows of a bucket, drawn at random.
        seed: of that draw.

    Raises:
        ValueError: files do not fit together, both splits are the same, or the number of examples is negative.
    """
    if examples < 0:
        raise ValueError(f'the page shows 0 examples of a bucket or more, got {examples}')
    if options.split == options.threshold_split:
        raise ValueError(
            f'a threshold that is chosen on the compared split ({options.split}) says nothing: give --threshold-split '
            'another one'
        )
    annotations = read_annotations(options.annotations)
    protocol = options.chosen_protocol()
    splits = (options.split, options.threshold_split)
    compared = [
        model_at_threshold(files, annotations, protocol, splits, options.threshold_fp, options.lenient)
        for files in models
    ]
    result = find_disagreements(compared, annotations.select(split=options.split), protocol)
    if json_out is not None:
        content = {
            'settings': _settings(models, options, protocol),
            **_models(result),
            **result.as_dict(),
        }
        write_whole(json_out, json.dumps(content, indent=1, allow_nan=False) + '\n')
    if html_out is not None:
        buckets, notes = describe_buckets(result, annotations, examples, seed)
        drawn = f'Of each bucket {examples} at most are shown, drawn at random (seed {seed}).'
        tables = disagreement_tables(result.as_dict())
        facts = [*facts_of(result, options), drawn, *notes]
        write_disagreement_page(html_out, 'Disagreements of ' + ', '.join(result.names), facts, tables, buckets)
    return result


def print_disagreements(result: Disagreements, options: DisagreementOptions, console: Console | None = None) -> None:
    """Prints the tables, and what they rest on."""
    console = console or Console()
    for caption, rows in disagreement_tables(result.as_dict()):
        console.print(screen_table(rows, caption))
    for line in facts_of(result, options):
        console.print(line, highlight=False, soft_wrap=True)


def facts_of(result: Disagreements, options: DisagreementOptions) -> list[str]:
    """Sentences: the models and their thresholds, what is compared, and what is not."""
    content = result.as_dict()
    lesions, false_positives = content['lesions'], content['false_positives']
    facts = [
        f'{model.name} reads {model.modality}: {_threshold(model.threshold, options)}; it misses '
        f'{lesions["missed"][model.name]} of {lesions["total"]} lesions and has '
        f'{false_positives["per_view"][model.name]:.2f} false positives a view.'
        for model in result.models
    ]
    protocol = options.chosen_protocol()
    pixels_of, measured = protocol.hit.hit_pixels_of, ''
    if isinstance(protocol.hit, CentreHit):
        measured = f', distances in pixels of the {"image itself" if pixels_of == OWN else f"{pixels_of} image"}'
    facts.append(
        f'{lesions["total"]} lesions in {content["views"]["total"]} of {false_positives["views"]} views of the split '
        f'{options.split}; hits are those of the protocol {options.protocol}{measured}. '
        'A view counts as found where every lesion in it is.'
    )
    return facts + [f'Not compared: {count} {reason}.' for reason, count in result.left_out.items()]


def _threshold(threshold: float, options: DisagreementOptions) -> str:
    plural = '' if options.threshold_fp == 1 else 's'
    chosen = f'{options.threshold_fp:g} false positive{plural} an image of the split {options.threshold_split}'
    if math.isinf(threshold):
        return f'no score has at most {chosen}, so that none passes'
    return f'its threshold is {threshold:.4g}, the lowest with at most {chosen}'


def _models(result: Disagreements) -> dict[str, object]:
    return {
        'models': [
            {
                'name': model.name,
                'modality': model.modality,
                'threshold': model.threshold if math.isfinite(model.threshold) else None,
            }
            for model in result.models
        ]
    }


def _settings(
    models: Sequence[PredictionFiles], options: DisagreementOptions, protocol: DetectionProtocol
) -> dict[str, object]:
    """What the file says about itself; names of files, never their folders."""
    return {
        'annotations': Path(options.annotations).name,
        'predictions': {files.name: Path(files.path).name for files in models},
        'thresholds_from': {files.name: Path(files.threshold_path or files.path).name for files in models},
        'split': options.split,
        'threshold_split': options.threshold_split,
        'threshold_fp': options.threshold_fp,
        'protocol': options.protocol,
        'hit_pixels_of': protocol.hit.hit_pixels_of,
        'hit_radius_px': getattr(protocol.hit, 'min_radius_px', None),
        'lenient': options.lenient,
    }
