"""The command ``mammo audit`` from a checkout: ``python tools/audit_dataset.py --help``."""

import sys

from mammo_plugins.commands.audit import main

if __name__ == '__main__':
    sys.exit(main())
