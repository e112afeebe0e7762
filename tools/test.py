"""The command ``mammo test`` from a checkout: ``python tools/test.py --help``."""

import sys

from mammo_plugins.commands.test import main

if __name__ == '__main__':
    sys.exit(main())
