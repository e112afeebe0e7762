"""The command ``mammo doctor`` from a checkout: ``python tools/doctor.py --help``.

Runs where nothing is installed yet, too.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mammo_plugins.commands.doctor import main

if __name__ == '__main__':
    sys.exit(main())
