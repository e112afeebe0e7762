"""The command ``mammo phantoms`` from a checkout: ``python tools/make_phantoms.py --help``."""

import sys

from mammo_plugins.commands.make_phantoms import main

if __name__ == '__main__':
    sys.exit(main())
