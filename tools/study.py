"""The command ``mammo study`` from a checkout: ``python tools/study.py --help``."""

import sys

from mammo_plugins.commands.study import main

if __name__ == '__main__':
    sys.exit(main())
