"""What a person says about a model: the parts of its metadata and model card that no run can tell."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, fields
from pathlib import Path

from mammo_plugins.io.model_bundle import BundleError

BLANK = 'to be written by a person'
_NAME = re.compile(r'[a-z0-9][a-z0-9._-]*')
_VERSION = re.compile(r'[A-Za-z0-9][A-Za-z0-9.+_-]*')


@dataclass(frozen=True)
class ModelAbout:
    """Read from a JSON file with some of these fields; each one that is empty is a named blank in the model card.

    Attributes:
        name: what the model is called, small letters, digits, dashes, dots and underscores.
        version: of the model, such as ``1.0.0``.
        task: what it does, a few words.
        description: a paragraph.
        authors, copyright, license: whose it is, and the SPDX name of its terms.
        data_source: what it was trained on.
        intended_use: for whom and what it is.
        out_of_scope: what it must not be used for.
        limitations: one sentence that every output repeats, such as ``Trained on synthetic breasts only.``
        bias: risks by subgroup, and what was not looked at.
        references: papers.
        changelog: version to what is new.
    """

    name: str
    version: str = '1.0.0'
    task: str = ''
    description: str = ''
    authors: str = ''
    copyright: str = ''
    license: str = ''
    data_source: str = ''
    intended_use: str = ''
    out_of_scope: str = ''
    limitations: str = ''
    bias: str = ''
    references: list[str] = field(default_factory=list)
    changelog: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_names(self.name, self.version)
        for one in fields(self):
            value, wanted = getattr(self, one.name), {'references': list, 'changelog': dict}.get(one.name, str)
            if not isinstance(value, wanted):
                raise BundleError(f'{one.name} is {value!r}, where {wanted.__name__} is needed')


def require_names(name: object, version: object) -> None:
    """Refuses what cannot be part of a file's name.

    Raises:
        BundleError: the name or version of a model is no such text.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BundleError(f'name {name!r}: give small letters, digits, -, _ and ., such as mm3d-phantoms')
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise BundleError(f'version {version!r}: give letters, digits and dots, such as 1.0.0')


def read_about(path: str | Path) -> ModelAbout:
    """Reads what a person wrote.

    Raises:
        BundleError: it is no JSON object, a field is unknown, or the name is missing or cannot be one.
        FileNotFoundError: there is no such file.
    """
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
    except ValueError as error:
        raise BundleError(f'{path} is no JSON: {error}') from error
    known = [one.name for one in fields(ModelAbout)]
    if not isinstance(content, dict) or 'name' not in content:
        raise BundleError(f'{path} must hold an object with a name, and may hold {", ".join(known[1:])}')
    if unknown := sorted(set(content).difference(known)):
        raise BundleError(f'{path}: {", ".join(unknown)} is no field; they are {", ".join(known)}')
    try:
        return ModelAbout(**content)
    except BundleError as error:
        raise BundleError(f'{path}: {error}') from error
