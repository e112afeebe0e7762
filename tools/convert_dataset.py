"""The command ``mammo convert`` from a checkout: ``python tools/convert_dataset.py --help``."""

import sys

from mammo_plugins.commands.convert_dataset import main

if __name__ == '__main__':
    sys.exit(main())
