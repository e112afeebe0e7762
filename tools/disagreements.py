"""The command ``mammo disagreements`` from a checkout: ``python tools/disagreements.py --help``."""

import sys

from mammo_plugins.commands.disagreements import main

if __name__ == '__main__':
    sys.exit(main())
