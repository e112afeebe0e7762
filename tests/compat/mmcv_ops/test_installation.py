"""Each case runs in its own interpreter, because importing mmcv.ops happens once a process."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]

FAKE_COMPILED_EXTENSION = """
import importlib.abc, importlib.machinery, sys, types
class CompiledExtensionFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name == 'mmcv._ext' else None
    def create_module(self, spec):
        return types.ModuleType(spec.name)
    def exec_module(self, module):
        {body}
sys.meta_path.insert(0, CompiledExtensionFinder())
"""


def run_python(code: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, '-c', code], cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False
    )


def assert_passes(code: str) -> str:
    result = run_python(code)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_compiled_extension_wins():
    fake = FAKE_COMPILED_EXTENSION.format(body="module.nms = lambda *args, **kwargs: 'compiled nms'")
    assert_passes(
        fake
        + 'from mammo_plugins.compat import install_mmcv_ops\n'
        + "assert install_mmcv_ops() == 'compiled'\n"
        + "assert sys.modules['mmcv._ext'].nms() == 'compiled nms'\n"
        + "assert install_mmcv_ops() == 'compiled'\n"
    )


@pytest.mark.parametrize('package', ['models.detectors', 'engine'])
def test_each_package_can_be_imported_alone(package):
    assert_passes(f'import mammo_plugins.{package}')


def test_extension_that_does_not_load_gives_a_warning_and_stand_ins():
    fake = FAKE_COMPILED_EXTENSION.format(body="raise ImportError('undefined symbol: _ZN2at6detail')")
    assert_passes(
        fake
        + 'import warnings\n'
        + 'from mammo_plugins.compat import install_mmcv_ops\n'
        + 'with warnings.catch_warnings(record=True) as caught:\n'
        + "    warnings.simplefilter('always')\n"
        + "    assert install_mmcv_ops() == 'torchvision'\n"
        + "assert any('undefined symbol' in str(warning.message) for warning in caught)\n"
    )


def test_missing_mmcv_is_an_error_that_names_the_install_command():
    result = run_python(
        'import sys\n'
        "sys.modules['mmcv'] = None\n"
        'from mammo_plugins.compat import install_mmcv_ops\n'
        'install_mmcv_ops()\n'
    )
    assert result.returncode != 0
    assert 'pip install onedl-mmcv' in result.stderr


def test_installing_twice_keeps_the_first_extension(mmcv_ops):
    from mammo_plugins.compat import install_mmcv_ops

    extension = sys.modules['mmcv._ext']
    assert install_mmcv_ops() == 'torchvision'
    assert sys.modules['mmcv._ext'] is extension


def test_op_without_stand_in_raises_when_called_and_names_the_install_command(mmcv_ops):
    import torch

    from mammo_plugins.compat import MissingOpError

    dets = torch.zeros(1, 5)
    with pytest.raises(MissingOpError, match=r"'nms_rotated'.*(?s:.)*pip install .*--no-binary onedl-mmcv"):
        mmcv_ops.nms_rotated(dets, torch.ones(1), 0.5)


def test_python_machinery_sees_an_ordinary_module(mmcv_ops):
    assert find_spec('mmcv._ext') is not None
    assert not hasattr(sys.modules['mmcv._ext'], '__path__')


def test_mmdet_imported_before_the_stand_ins_uses_them_afterwards():
    if run_python('import mmdet.structures.mask').returncode != 0:
        pytest.skip('this mmdet, unlike onedl-mmdetection, does not import without operators')
    assert_passes(
        'import mmdet.structures.mask.structures as masks, mmdet.utils\n'
        'try:\n'
        '    import mmdet.models\n'
        'except ImportError:\n'
        '    pass\n'
        'from mammo_plugins.compat import install_mmcv_ops\n'
        "assert install_mmcv_ops() in ('torchvision', 'compiled')\n"
        'import mmcv.ops, mmdet.models\n'
        'from mmdet.models.losses import focal_loss\n'
        'from mmdet.models.dense_heads import base_dense_head\n'
        'assert masks.roi_align is mmcv.ops.roi_align\n'
        'assert focal_loss._sigmoid_focal_loss is mmcv.ops.sigmoid_focal_loss\n'
        'assert base_dense_head.batched_nms is mmcv.ops.batched_nms\n'
    )


def test_stand_ins_run_on_cuda(mmcv_ops):
    import torch

    if not torch.cuda.is_available():
        pytest.skip('no CUDA device: the stand-ins of this folder were compared with their references on the CPU only')
    boxes = torch.tensor([[0.0, 0, 10, 10], [0.0, 0, 10, 9]], device='cuda')
    assert mmcv_ops.nms(boxes, torch.tensor([0.5, 0.6], device='cuda'), 0.5)[1].tolist() == [1]
