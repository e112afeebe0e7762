"""The command ``mammo split`` from a checkout: ``python tools/split.py --help``."""

import sys

from mammo_plugins.commands.split import main

if __name__ == '__main__':
    sys.exit(main())
