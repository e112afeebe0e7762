"""The model card of a bundle, in the sections of Hugging Face: filled where the run tells, a named blank elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .about import BLANK, ModelAbout
from .metadata import gives
from .operating_points import OperatingPoint


def model_card(
    about: ModelAbout,
    metadata: Mapping[str, Any],
    points: Sequence[OperatingPoint],
    metrics: Mapping[str, Mapping[str, Any]],
) -> str:
    """Markdown.

    Args:
        about: what a person wrote.
        metadata: from :func:`~.metadata.bundle_metadata`.
        points: thresholds.
        metrics: title to what ``mammo evaluate --json`` wrote.
    """
    return '\n'.join(
        [
            '---',
            f'license: {metadata["license"]}',
            'library_name: mammo_plugins',
            'tags: [mammography, medical-imaging]',
            '---',
            f'# {about.name} {about.version}',
            *([f'\n**{about.limitations}**'] if about.limitations else []),
            *_section('Model Details', _details(about, metadata)),
            *_section('Uses', _uses(about)),
            *_section('Bias, Risks, and Limitations', [about.limitations or _blank('limitations'), '',
                                                       about.bias or _blank('risks by subgroup')]),
            *_section('How to Get Started with the Model', [f'`mammo predict EXAM --model {about.name} --out OUT`']),
            *_section('Training Details', [f'Training data: {about.data_source or _blank("training data")}']),
            *_section('Evaluation', [*_evaluation(metrics), '', *_thresholds(points)]),
            *_section('Technical Specifications', _technical(metadata)),
            *_section('Citation', [f'- {one}' for one in about.references] or [_blank('citation')]),
            *_section('Model Card Contact', [about.authors or _blank('contact')]),
            '',
        ]
    )  # fmt: skip


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ['', f'## {title}', '', *lines]


def _blank(what: str) -> str:
    return f'[{what}: {BLANK}]'


def _details(about: ModelAbout, metadata: Mapping[str, Any]) -> list[str]:
    return [
        about.description or _blank('description'),
        '',
        f'- Task: {about.task or _blank("task")}',
        f'- Reads: {", ".join(metadata["modalities"])}, each {metadata["reads_together"]} at once',
        f'- Gives: {", ".join(gives(metadata)) or _blank("what it gives")}',
        f'- Classes: {metadata["label_classes"] or "none"}',
        f'- Developed by: {about.authors or _blank("authors")}',
        f'- Copyright: {about.copyright or _blank("copyright")}',
        f'- License: {about.license or _blank("license")}',
    ]


def _uses(about: ModelAbout) -> list[str]:
    return [
        f'Intended use: {about.intended_use or _blank("intended use")}',
        '',
        f'Out of scope: {about.out_of_scope or _blank("out-of-scope use")}',
    ]


def _evaluation(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = [
        f'| {title} | {name} | {number} | {_number(estimate)} |'
        for title, content in metrics.items()
        for name, result in content['results'].items()
        for number, estimate in result['metrics'].items()
        if estimate.get('value') is not None
    ]
    return ['| images | scored as | number | value |', '|---|---|---|---|', *rows] if rows else [_blank('evaluation')]


def _number(estimate: Mapping[str, Any]) -> str:
    value, low, high = (estimate.get(name) for name in ('value', 'low', 'high'))
    return f'{value:.3f}' + (f' [{low:.3f}, {high:.3f}]' if low is not None and high is not None else '')


def _thresholds(points: Sequence[OperatingPoint]) -> list[str]:
    if not points:
        return ['No threshold was chosen.']
    return [
        f'- Threshold for {point.name} ({", ".join([point.protocol, *(point.targets or [])])}): '
        + ('none reaches it' if point.score is None else f'{point.score:.4f}')
        + f', chosen on the {point.split} split of {point.annotations}: {point.num_images} images of '
        f'{point.num_patients} patients'
        for point in points
    ]


def _technical(metadata: Mapping[str, Any]) -> list[str]:
    packages = {'mammo_plugins': metadata['mammo_plugins_version'], 'torch': metadata['pytorch_version']}
    packages |= metadata['required_packages_version']
    return [
        f'{metadata["parameters"]:,} numbers, stored as {metadata["weights_dtype"]}.',
        '',
        f'Exported with {", ".join(f"{name} {number}" for name, number in packages.items())}.',
    ]
