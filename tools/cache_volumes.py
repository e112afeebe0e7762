"""The command ``mammo cache`` from a checkout: ``python tools/cache_volumes.py --help``."""

import sys

from mammo_plugins.commands.cache_volumes import main

if __name__ == '__main__':
    sys.exit(main())
