"""The command ``mammo model`` from a checkout: ``python tools/model.py --help``."""

import sys

from mammo_plugins.commands.model import main

if __name__ == '__main__':
    sys.exit(main())
