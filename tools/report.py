"""The command ``mammo report`` from a checkout: ``python tools/report.py --help``."""

import sys

from mammo_plugins.commands.report import main

if __name__ == '__main__':
    sys.exit(main())
