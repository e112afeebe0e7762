"""The command ``mammo stages`` from a checkout: ``python tools/stages.py --help``."""

import sys

from mammo_plugins.commands.stages import main

if __name__ == '__main__':
    sys.exit(main())
