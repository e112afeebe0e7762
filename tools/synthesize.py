"""The command ``mammo synthesize`` from a checkout: ``python tools/synthesize.py --help``."""

import sys

from mammo_plugins.commands.synthesize import main

if __name__ == '__main__':
    sys.exit(main())
