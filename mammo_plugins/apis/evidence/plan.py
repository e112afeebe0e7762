"""The plan of an evaluation: one file that says everything before anything is scored.

Its digest is over all of it but ``where`` (where annotations and model lay, so that moving them changes nothing),
``sha256`` (the digest) and ``signature``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammo_plugins.apis.evaluate import ScoringOptions
from mammo_plugins.evaluation import DetectionProtocol
from mammo_plugins.io import ImageRecord
from mammo_plugins.io.canonical_json import digest_of
from mammo_plugins.io.whole_file import write_whole

from .seal import is_signed_by, sign

KIND = 'mammo_plugins evidence plan'
FORMAT = 1
SKIPPABLE = ('robustness', 'repeatability')
"""Steps of a run that predict again, and may be left out."""

_UNSEALED = ('where', 'sha256', 'signature')


class PlanError(ValueError):
    """A plan is none, was changed, or does not fit what it is about."""


@dataclass(frozen=True)
class EvidencePlan:
    """A plan that was read and checked.

    Attributes:
        path: its file.
        content: all of it, see :func:`~.freezing.freeze_plan`.
        signature: in words: whether it is signed, and whether that was checked.
    """

    path: Path
    content: Mapping[str, Any]
    signature: str = ''

    @property
    def digest(self) -> str:
        """Of the plan."""
        return self.content['sha256']

    @property
    def model_digest(self) -> str:
        """Of the model that it is about."""
        return self.content['model']['digest']

    @property
    def list_digest(self) -> str:
        """Of the test list: of the bytes of its images in any order, whatever they are called and annotated with."""
        return digest_of(sorted(image['sha256'] or image['name'] for image in self.content['images']))

    @property
    def image_ids(self) -> list[int]:
        """The images that are to be predicted and scored."""
        return [image['id'] for image in self.content['images']]

    @property
    def subgroups(self) -> Sequence[str]:
        """Groupings of images or findings."""
        return self.content['subgroups']

    def scores(self, image: ImageRecord) -> bool:
        """Whether an image of the list is scored, and not only read beside others."""
        return self.content['selection']['scored'] in (None, image.modality)

    def located(self, what: str) -> Path:
        """Where ``annotations`` or ``model`` lay when the plan was made, from the folder of the plan."""
        return self.path.parent / self.content['where'][what]

    def options(self, annotations: str | Path) -> ScoringOptions:
        """How to score, with the annotation file where it lies now."""
        scoring, bootstrap, selection = (self.content[name] for name in ('scoring', 'bootstrap', 'selection'))
        return ScoringOptions(
            annotations,
            tuple(scoring['protocols']),
            selection['split'],
            None,
            bootstrap=bootstrap['replicates'],
            seed=bootstrap['seed'],
            hit_pixels_of=scoring['hit_pixels_of'],
            hit_radius_px=scoring['hit_radius_px'],
            targets=scoring['targets'],
        )

    def protocols(self) -> list[DetectionProtocol]:
        """The rules of counting.

        Raises:
            PlanError: this version counts otherwise than the plan says.
        """
        protocols = self.options('').chosen_protocols()
        for protocol in protocols:
            if describe_protocol(protocol) != self.content['protocols'][protocol.name]:
                raise PlanError(
                    f'{self.path.name} fixes other rules of {protocol.name} than mammo_plugins has here: run it with '
                    f'version {self.content["mammo_plugins"]}'
                )
        return protocols

    def threshold(self, protocol: str) -> float | None:
        """The score from which on a finding counts; infinite where none reaches the wish, None where none is fixed."""
        for point in self.content['thresholds']:
            if point['protocol'] == protocol:
                return float('inf') if point['score'] is None else point['score']
        return None


def describe_protocol(protocol: DetectionProtocol) -> dict[str, Any]:
    """Everything that a protocol says, in plain values."""
    return json.loads(
        json.dumps(
            {
                'hit': {'rule': type(protocol.hit).__name__, **vars(protocol.hit)},
                'numbers': [{'kind': type(one).__name__, **vars(one)} for one in protocol.numbers],
                'precisions': [vars(one) for one in protocol.precisions],
                'targets': protocol.targets,
                'exclude_unannotated': protocol.exclude_unannotated,
                'source': protocol.source,
            }
        )
    )


def write_plan(path: str | Path, content: Mapping[str, Any], key: bytes | None = None) -> EvidencePlan:
    """Seals a plan and writes it.

    Args:
        path: a new file.
        content: all but digest and signature.
        key: signs it.

    Raises:
        PlanError: there is a file already: a plan that may be replaced fixes nothing.
    """
    path = Path(path)
    if path.exists():
        raise PlanError(f'{path} is there: a plan is never overwritten; give --out another name')
    digest = plan_digest(content)
    sealed = {**content, 'sha256': digest, 'signature': None if key is None else sign(digest, key)}
    write_whole(path, json.dumps(sealed, indent=1, ensure_ascii=False) + '\n')
    return EvidencePlan(path, sealed, 'not signed' if key is None else 'signed')


def read_plan(path: str | Path, key: bytes | None = None) -> EvidencePlan:
    """Reads a plan and checks that it is as it was frozen.

    Args:
        path: its file.
        key: checks its signature too.

    Raises:
        PlanError: it is no plan, its digest is wrong, or it was not signed with the key.
        OSError: it cannot be read.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise PlanError(f'{path} is no plan: {error}') from error
    if not isinstance(content, dict) or content.get('kind') != KIND or content.get('format') != FORMAT:
        raise PlanError(f'{path} is no plan of format {FORMAT}: make one with "mammo evidence freeze"')
    found = plan_digest(content)
    if found != content.get('sha256'):
        raise PlanError(
            f'{path} was changed after it was frozen: it says to have SHA-256 {str(content.get("sha256"))[:12]}..., '
            f'and has {found[:12]}...; take the original, or freeze a new plan'
        )
    return EvidencePlan(path, content, _check_signature(path, content, key))


def plan_digest(content: Mapping[str, Any]) -> str:
    """The digest that a plan with this content has."""
    return digest_of({name: value for name, value in content.items() if name not in _UNSEALED})


def relative_place(path: str | Path, plan: str | Path) -> str:
    """How to get from the folder of a plan to a file."""
    return Path(os.path.relpath(Path(path).absolute(), Path(plan).absolute().parent)).as_posix()


def _check_signature(path: Path, content: Mapping[str, Any], key: bytes | None) -> str:
    signature = content.get('signature')
    if key is None:
        return 'not signed' if signature is None else 'signed; the signature was not checked (--key)'
    if not is_signed_by(content['sha256'], signature, key):
        said = 'is not signed' if signature is None else 'was signed with another key'
        raise PlanError(f'{path} {said}: give the key that it was frozen with, or leave --key out')
    return 'signed, and the signature is that of the key'
