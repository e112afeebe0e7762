"""``mammo model export|graph|import|info|list``: trained models in one file."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence

from mammo_plugins.apis.model_bundle import (
    Bundle,
    find_bundle,
    import_bundle,
    list_bundles,
    models_folder,
    unpack_model,
)
from mammo_plugins.io.model_bundle import CARD, read_bundle_file

from .expected_errors import in_a_sentence


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line, and exports, imports, shows or lists models; exit code 2 where that cannot be done."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if arguments[:1] in (['export'], ['graph']):  # their modules alone need torch
        name, *rest = arguments
        return importlib.import_module(f'{__package__}.model_{name}').main(rest, prog=f'{prog or "model"} {name}')
    args = _build_parser(prog).parse_args(arguments)
    return args.run(args)


def _build_parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Trained models in one file, with card, thresholds and digests. --model NAME_OR_ZIP runs one.',
    )
    commands = parser.add_subparsers(metavar='COMMAND', required=True)
    commands.add_parser('export', help='put a config and a checkpoint into one file')
    commands.add_parser('graph', help='write the network alone for other runtimes: ONNX, torch.export')
    given = commands.add_parser('import', help='check a model, and keep it under its name')
    given.add_argument('source', metavar='ZIP', help='file or web address')
    given.set_defaults(run=_import)
    info = commands.add_parser('info', help='what a model is, and whether it is as it was exported')
    info.add_argument('model', metavar='NAME_OR_ZIP', help='name (NAME@VERSION for one of several), or file')
    info.add_argument('--json', action='store_true', help='metadata, thresholds and digest as JSON')
    info.add_argument('--card', action='store_true', help='the model card')
    info.set_defaults(run=_info)
    listing = commands.add_parser('list', help='models that are at hand')
    listing.add_argument('--json', action='store_true', help='as JSON')
    listing.set_defaults(run=_list)
    return parser


def _import(args: argparse.Namespace) -> int:
    bundle = import_bundle(args.source)
    print(f'{bundle.path}: {_title(bundle)}, digest {bundle.digest}')
    return 0


def _info(args: argparse.Namespace) -> int:
    bundle = find_bundle(args.model)
    unpack_model(bundle)  # every byte is checked
    if args.card:
        print(read_bundle_file(bundle.path, CARD).decode(), end='')
    elif args.json:
        print(json.dumps({'digest': bundle.digest, **bundle.metadata, 'thresholds': bundle.thresholds()}, indent=1))
    else:
        _print_info(bundle)
    return 0


def _print_info(bundle: Bundle) -> None:
    metadata = bundle.metadata
    print(_title(bundle))
    for name in ('task', 'description', 'intended_use', 'limitations', 'data_source', 'license'):
        print(f'  {name.replace("_", " ")}: {metadata.get(name) or "-"}')
    print(
        f'  reads: {", ".join(metadata.get("modalities", []))}, each {metadata.get("reads_together", "image")} at once'
    )
    print(f'  gives: {", ".join(metadata["network_data_format"]["outputs"])}')
    for point in bundle.thresholds():
        print(f'  threshold for {point["name"]}: {point["score"]}, chosen on {point["split"]} ({point["protocol"]})')
    print(f'  digest: {bundle.digest}')


def _list(args: argparse.Namespace) -> int:
    bundles = list_bundles()
    if args.json:
        print(json.dumps([_summary(bundle) for bundle in bundles], indent=1))
        return 0
    for bundle in bundles:
        print(f'{_title(bundle)}: {bundle.metadata.get("task", "")} ({"shipped" if bundle.shipped else bundle.path})')
    print(f'{len(bundles)} models; imported ones lie in {models_folder()}')
    return 0


def _summary(bundle: Bundle) -> dict[str, object]:
    kept = {
        key: bundle.metadata.get(key) for key in ('name', 'version', 'task', 'license', 'modalities', 'limitations')
    }
    return {**kept, 'digest': bundle.digest, 'shipped': bundle.shipped}


def _title(bundle: Bundle) -> str:
    return f'{bundle.name} {bundle.metadata["version"]}'
