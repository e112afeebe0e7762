"""``mammo doctor``: check this installation."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mammo_plugins.apis.doctor import run_doctor


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and checks the installation; exit code 1 if something does not work."""
    parser = argparse.ArgumentParser(
        prog=prog, description='Check versions, operators, GPU and DICOM decoders, and say what repairs them.'
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object instead of a table')
    args = parser.parse_args(argv)
    return run_doctor(as_json=args.json)
