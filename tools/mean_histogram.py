"""The command ``mammo mean-histogram`` from a checkout: ``python tools/mean_histogram.py --help``."""

import sys

from mammo_plugins.commands.mean_histogram import main

if __name__ == '__main__':
    sys.exit(main())
