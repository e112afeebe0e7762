"""The command ``mammo train`` from a checkout: ``python tools/train.py --help``."""

import sys

from mammo_plugins.commands.train import main

if __name__ == '__main__':
    sys.exit(main())
