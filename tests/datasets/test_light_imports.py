import subprocess
import sys

import pytest


@pytest.mark.parametrize('package', ['converters', 'phantom'])
def test_package_is_imported_without_torch(package):
    code = f'import sys, mammo_plugins.datasets.{package}; print("torch" in sys.modules)'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'False'


def test_caching_process_does_without_the_data_sets_of_mmdet():
    code = """
import json, sys
from mammo_plugins.apis.cache import caching
from tests.datasets.conftest import LOADING
caching._loader(json.dumps(LOADING), sys.argv[1])
print('mmdet.datasets' in sys.modules)
"""
    done = subprocess.run([sys.executable, '-c', code, 'cache'], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'False'
