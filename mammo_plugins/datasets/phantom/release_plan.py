"""Who is in a release: identifiers, splits, densities, vendors and how many findings, before anything is drawn.

Shares are met as quotas in each split, not by coin flips, so that a small release has the prevalence it was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np

from .settings import FindingSettings, PhantomSettings

SPLITS = ('train', 'validation', 'test')


@dataclass(frozen=True)
class BreastPlan:
    """What one breast will hold.

    Attributes:
        laterality: ``L`` or ``R``.
        malignancies: one entry a finding, true for malignant.
        annotated: false where the boxes of a malignant breast are withheld.
    """

    laterality: str
    malignancies: tuple[bool, ...]
    annotated: bool

    @property
    def malignant(self) -> bool:
        return any(self.malignancies)

    @property
    def benign(self) -> bool:
        return not all(self.malignancies)


@dataclass(frozen=True)
class PatientPlan:
    """What one patient of the release will be, as one vendor images them.

    Attributes:
        number: 1-based, of the patient.
        seeds: source of all randomness of the patient, whatever else is generated.
        is_one_of_several: whether other vendors image the patient too.
    """

    number: int
    split: str
    density: str
    vendor: str
    breasts: tuple[BreastPlan, BreastPlan]
    seeds: np.random.SeedSequence
    is_one_of_several: bool = False

    @property
    def patient_id(self) -> str:
        return f'DBT-P{self.number:05d}'

    @property
    def study_id(self) -> str:
        return f'DBT-S{self.number:05d}' + (self.vendor if self.is_one_of_several else '')


def plan_release(settings: PhantomSettings, cases: int, seed: int, split_shares: Sequence[float]) -> list[PatientPlan]:
    """Plans ``cases`` patients, each once, or once a vendor with ``every_vendor``.

    Raises:
        ValueError: no cases, or the shares are not three positive numbers that sum to 1.
    """
    if cases < 1:
        raise ValueError(f'cannot make {cases} cases: need at least 1')
    if len(split_shares) != 3 or min(split_shares) < 0 or abs(sum(split_shares) - 1) > 1e-6:
        raise ValueError(
            f'split shares {tuple(split_shares)} are not three numbers that sum to 1, for example 0.6 0.15 0.25'
        )
    root = np.random.SeedSequence(seed)
    own, patients = root.spawn(2)
    rng = np.random.default_rng(own)
    split_of = _quota_list(rng, SPLITS, split_shares, cases)
    seeds = patients.spawn(cases)
    plans: list[PatientPlan] = []
    for split in SPLITS:
        members = [number for number in range(cases) if split_of[number] == split]
        plans += _plan_split(rng, settings, split, members, seeds)
    plans.sort(key=lambda plan: plan.number)
    if not settings.every_vendor:
        return plans
    return [  # a sequence of seeds counts what was drawn from it
        replace(plan, vendor=code, is_one_of_several=True, seeds=deepcopy(plan.seeds))
        for plan in plans
        for code in settings.vendors
    ]


def _plan_split(
    rng: np.random.Generator,
    settings: PhantomSettings,
    split: str,
    members: list[int],
    seeds: list[np.random.SeedSequence],
) -> list[PatientPlan]:
    count = len(members)
    densities = _quota_list(rng, 'ABCD', settings.density_mix, count)
    vendors = _quota_list(rng, settings.vendors, [1 / len(settings.vendors)] * len(settings.vendors), count)
    breasts = _plan_breasts(rng, settings.finding, split, 2 * count)
    return [
        PatientPlan(
            number=number + 1,
            split=split,
            density=densities[place],
            vendor=vendors[place],
            breasts=(BreastPlan('L', *breasts[2 * place]), BreastPlan('R', *breasts[2 * place + 1])),
            seeds=seeds[number],
        )
        for place, number in enumerate(members)
    ]


def _plan_breasts(
    rng: np.random.Generator, finding: FindingSettings, split: str, count: int
) -> list[tuple[tuple[bool, ...], bool]]:
    """Findings and annotation state of ``count`` breasts. Boxes are withheld in the training split only."""
    rest = 1 - finding.malignant_share - finding.benign_share
    kinds = _quota_list(
        rng, ('malignant', 'benign', 'normal'), (finding.malignant_share, finding.benign_share, rest), count
    )
    malignant = [place for place, kind in enumerate(kinds) if kind == 'malignant']
    hidden = round(finding.unannotated_share * len(malignant)) if split == 'train' else 0
    withheld = set(rng.permutation(malignant)[:hidden].tolist())
    planned = []
    for place, kind in enumerate(kinds):
        findings = () if kind == 'normal' else (kind == 'malignant',)
        if findings and rng.uniform() < finding.second_finding_share:
            findings += (bool(findings[0] and rng.uniform() < 0.5),)
        planned.append((findings, place not in withheld))
    return planned


def _quota_list(rng: np.random.Generator, options: Sequence[str], shares: Sequence[float], count: int) -> list[str]:
    """``count`` options in random order, each as often as its share says, rounded to the largest remainder."""
    exact = np.array(shares, dtype=float) / np.sum(shares) * count
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact, kind='stable')[: count - counts.sum()]] += 1
    return [options[place] for place in rng.permutation(np.repeat(np.arange(len(options)), counts))]
