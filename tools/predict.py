"""The command ``mammo predict`` from a checkout: ``python tools/predict.py --help``."""

import sys

from mammo_plugins.commands.predict import main

if __name__ == '__main__':
    sys.exit(main())
