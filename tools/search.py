"""The command ``mammo search`` from a checkout: ``python tools/search.py --help``."""

import sys

from mammo_plugins.commands.search import main

if __name__ == '__main__':
    sys.exit(main())
