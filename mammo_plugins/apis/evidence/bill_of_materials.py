"""What ran, as a software bill of materials in CycloneDX's JSON.

Source: CycloneDX 1.6 (ECMA-424).
"""

from __future__ import annotations

import platform
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib.metadata import Distribution, distributions
from typing import Any

import mammo_plugins
from mammo_plugins.io.canonical_json import digest_of

_SPEC = '1.6'


def bill_of_materials(model: Mapping[str, str]) -> dict[str, Any]:
    """The model, Python, and every distribution that is installed beside this one.

    Args:
        model: name, version and digest.
    """
    found = {_normal_name(one): one for one in distributions() if one.metadata['Name']}
    components = [
        {
            'type': 'machine-learning-model',
            'bom-ref': f'model:{model["name"]}',
            'name': model['name'],
            'version': model['version'],
            'hashes': [{'alg': 'SHA-256', 'content': model['digest']}],
        },
        {
            'type': 'platform',
            'bom-ref': 'python',
            'name': platform.python_implementation(),
            'version': platform.python_version(),
        },
        *(_component(name, one) for name, one in sorted(found.items()) if name != 'mammo-plugins'),
    ]
    content = {
        'bomFormat': 'CycloneDX',
        'specVersion': _SPEC,
        'version': 1,
        'metadata': {
            'component': {
                'type': 'application',
                'bom-ref': 'mammo-plugins',
                'name': 'mammo_plugins',
                'version': mammo_plugins.__version__,
            },
        },
        'components': components,
    }
    serial = uuid.uuid5(uuid.NAMESPACE_OID, digest_of(content))
    content['metadata']['timestamp'] = datetime.now(timezone.utc).isoformat(timespec='seconds')
    return {'serialNumber': f'urn:uuid:{serial}', **content}


def _component(name: str, distribution: Distribution) -> dict[str, Any]:
    component = {
        'type': 'library',
        'bom-ref': f'pkg:pypi/{name}@{distribution.version}',
        'name': distribution.metadata['Name'],
        'version': distribution.version,
        'purl': f'pkg:pypi/{name}@{distribution.version}',
    }
    terms = _licence(distribution)
    return component | ({'licenses': [terms]} if terms else {})


def _licence(distribution: Distribution) -> dict[str, Any] | None:
    """An SPDX expression where the package states one, else its words."""
    metadata = distribution.metadata
    if expression := metadata.get('License-Expression'):
        return {'expression': expression}
    named = [
        value.rpartition(' :: ')[2] for value in metadata.get_all('Classifier') or () if value.startswith('License')
    ]
    text = (metadata.get('License') or '').strip()
    name = text if text and '\n' not in text and len(text) < 80 else ', '.join(named)
    return {'license': {'name': name}} if name else None


def _normal_name(distribution: Distribution) -> str:
    """As a package URL has it."""
    return distribution.metadata['Name'].lower().replace('_', '-')
