"""The command ``mammo evidence`` from a checkout: ``python tools/evidence.py --help``."""

import sys

from mammo_plugins.commands.evidence import main

if __name__ == '__main__':
    sys.exit(main())
