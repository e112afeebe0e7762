"""The command ``mammo demo`` from a checkout: ``python tools/demo.py --help``."""

import sys

from mammo_plugins.commands.demo import main

if __name__ == '__main__':
    sys.exit(main())
