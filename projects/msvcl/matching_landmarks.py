"""Scores a matcher on annotated boxes with true, estimated and wrong landmarks; writes a json.

python projects/msvcl/matching_landmarks.py CONFIG CHECKPOINT --ann ANN.json --json OUT.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mammo_plugins.apis.matching import matching_accuracy


def main() -> None:
    """Parses the command line, scores and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--ann', required=True, help='annotation file with nipple and chest wall')
    parser.add_argument('--json', required=True, help='file to write')
    options = parser.parse_args()
    numbers = matching_accuracy(options.config, options.checkpoint, ann_file=options.ann)
    Path(options.json).write_text(json.dumps(numbers, indent=1) + '\n', encoding='utf-8')
    for name, row in numbers.items():
        print(name, ', '.join(f'{key} {value:.3g}' for key, value in row.items()))


if __name__ == '__main__':
    main()
