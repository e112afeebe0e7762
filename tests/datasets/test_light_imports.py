import subprocess
import sys

import pytest


@pytest.mark.parametrize('package', ['converters', 'phantom'])
def test_package_is_imported_without_torch(package):
    code = f'import sys, mammo_plugins.datasets.{package}; print("torch" in sys.modules)'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'False'
