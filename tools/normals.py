"""The command ``mammo normals`` from a checkout: ``python tools/normals.py --help``."""

import sys

from mammo_plugins.commands.normals import main

if __name__ == '__main__':
    sys.exit(main())
