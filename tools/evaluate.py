"""The command ``mammo evaluate`` from a checkout: ``python tools/evaluate.py --help``."""

import sys

from mammo_plugins.commands.evaluate import main

if __name__ == '__main__':
    sys.exit(main())
