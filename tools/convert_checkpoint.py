"""The command ``mammo convert-checkpoint`` from a checkout: ``python tools/convert_checkpoint.py --help``."""

import sys

from mammo_plugins.commands.convert_checkpoint import main

if __name__ == '__main__':
    sys.exit(main())
