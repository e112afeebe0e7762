"""``mammo info``: what is installed, without loading any of it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from mammo_plugins.apis.model_bundle import list_bundles, models_folder
from mammo_plugins.apis.run_manifest import installed_versions
from mammo_plugins.compat.config_paths import resource_roots

EXIT_CODES = {
    0: 'done',
    1: 'done, but something is to be looked at: a study failed, or --strict found files left out or in doubt',
    2: 'nothing was done: an argument or a file is wrong, and standard error says which',
    3: 'nothing was done for now (mammo serve): what is in the way may pass, and standard error says what it is',
}


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and prints."""
    parser = argparse.ArgumentParser(
        prog=prog, description='Versions, commands, models and exit codes; loads no library that computes.'
    )
    parser.add_argument('--json', action='store_true', help='as one JSON object')
    args = parser.parse_args(argv)
    content = _content()
    if args.json:
        print(json.dumps(content, indent=1))
        return 0
    print(', '.join(f'{name} {number}' for name, number in content['versions'].items()))
    print(f'commands: {", ".join(content["commands"])}')
    for model in content['models']:
        print(f'model: {model["name"]} {model["version"]}, {model["task"]}; {model["limitations"]}')
    print(f'models are imported to {content["models_folder"]}')
    for code, meaning in EXIT_CODES.items():
        print(f'exit code {code}: {meaning}')
    return 0


def _content() -> dict[str, Any]:
    from .main import COMMANDS  # which names this module

    shown = ('name', 'version', 'task', 'license', 'modalities', 'label_classes', 'limitations')
    return {
        'versions': installed_versions(),
        'commands': {name: text for name, (_, text) in COMMANDS.items()},
        'models': [
            {**{key: bundle.metadata.get(key) for key in shown}, 'digest': bundle.digest} for bundle in list_bundles()
        ],
        'models_folder': str(models_folder()),
        'configs': [str(root) for root in resource_roots()],
        'exit_codes': {str(code): meaning for code, meaning in EXIT_CODES.items()},
    }
