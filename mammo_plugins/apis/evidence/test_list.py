"""Which images of an annotation file are tested, and why others are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from mammo_plugins.evaluation.subgroups import IMAGE_GROUPS
from mammo_plugins.io import AnnotationSet, ImageRecord

Rule = Callable[[AnnotationSet, ImageRecord], bool]

_RULES: dict[str, tuple[str, Rule]] = {
    'computed': ('computed of a volume, by no system of a vendor', lambda _, image: image.computed),
    'unannotated': (
        'malignant, and not all malignant findings have a box',
        lambda annotations, image: not annotations.is_annotated(image),
    ),
    'unknown': (
        'nobody says whether it is malignant',
        lambda annotations, image: (
            image.labels.get('malignant') is None
            and not any(finding.category == 'malignant' for finding in annotations.findings_of(image.id))
        ),
    ),
}
RULE_HELP = f'{", ".join(_RULES)}, or one of {", ".join(f"{name}=VALUE" for name in IMAGE_GROUPS)}'


@dataclass(frozen=True)
class TestList:
    """Images that are tested.

    Attributes:
        annotations: they and their findings.
        excluded: id of an image of the split to why it is not tested.
    """

    __test__ = False  # no test of pytest, whatever its name

    annotations: AnnotationSet
    excluded: Mapping[int, str]


def choose_test_list(
    annotations: AnnotationSet, split: str, modalities: Collection[str], rules: Sequence[str]
) -> TestList:
    """The images of a split but those that rules exclude; the first rule that fits is the reason.

    Args:
        annotations: the file.
        split: the split.
        modalities: those that the model reads.
        rules: names of rules, or ``NAME=VALUE`` of a grouping of images, such as ``manufacturer=ACME``.

    Raises:
        ValueError: there is no such rule, or no image is left.
    """
    tests = [('the model does not read it', lambda _, image: image.modality not in modalities)]
    tests += [_parse_rule(rule) for rule in rules]
    candidates = annotations.select(split=split)
    excluded = {}
    for image in candidates.images:
        reason = next((text for text, fits in tests if fits(candidates, image)), None)
        if reason is not None:
            excluded[image.id] = reason
    kept = candidates.keep(image.id not in excluded for image in candidates.images)
    if not kept.images:
        counts = ', '.join(f'{count}: {reason}' for reason, count in Counter(excluded.values()).items())
        raise ValueError(f'no image of the split {split} is left to be tested ({counts or "it has none"})')
    return TestList(kept, excluded)


def _parse_rule(rule: str) -> tuple[str, Rule]:
    if rule in _RULES:
        return _RULES[rule]
    name, given, value = rule.partition('=')
    if name not in IMAGE_GROUPS or not given:
        raise ValueError(f'--exclude {rule}: give {RULE_HELP}')
    return f'{name} is {value}', lambda _, image: IMAGE_GROUPS[name](image) == value
