"""The command ``mammo info`` from a checkout: ``python tools/info.py --help``."""

import sys

from mammo_plugins.commands.info import main

if __name__ == '__main__':
    sys.exit(main())
