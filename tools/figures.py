"""The command ``mammo figures`` from a checkout: ``python tools/figures.py --help``."""

import sys

from mammo_plugins.commands.figures import main

if __name__ == '__main__':
    sys.exit(main())
