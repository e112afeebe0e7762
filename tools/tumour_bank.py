"""The command ``mammo tumour-bank`` from a checkout: ``python tools/tumour_bank.py --help``."""

import sys

from mammo_plugins.commands.tumour_bank import main

if __name__ == '__main__':
    sys.exit(main())
