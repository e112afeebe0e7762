"""The command ``mammo styles`` from a checkout: ``python tools/styles.py --help``."""

import sys

from mammo_plugins.commands.styles import main

if __name__ == '__main__':
    sys.exit(main())
