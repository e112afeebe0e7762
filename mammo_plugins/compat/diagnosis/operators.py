"""mmcv's operators and the device that they run on."""

from __future__ import annotations

import shutil

from mammo_plugins.compat.mmcv_ops import install_mmcv_ops

from .check import Check, Status, one_line, pip_command

TOPIC = 'computing'


def check_operators() -> Check:
    """Which set of operators is in use, and that suppression and pooling run on the default device."""
    try:
        operator_set = install_mmcv_ops()
        devices = _run_operators()
    except Exception as error:  # whatever is wrong with torch or mmcv, the doctor has to go on
        fix = pip_command('install', '--force-reinstall', '--no-deps', 'onedl-mmcv>=2.3.4,<2.4')
        return Check(TOPIC, 'mmcv operators', Status.PROBLEM, one_line(error), fix)
    source = 'compiled, of mmcv' if operator_set == 'compiled' else 'stand-ins from torchvision'
    return Check(TOPIC, 'mmcv operators', Status.OK, f'{source} (ran on {" and ".join(devices)})')


def check_accelerator() -> Check:
    """The GPU, or why there is none."""
    try:
        import torch

        if torch.cuda.is_available():
            properties = torch.cuda.get_device_properties(0)
            others = torch.cuda.device_count() - 1
            detail = f'{properties.name}, {properties.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}'
            return Check(TOPIC, 'GPU', Status.OK, detail + (f', and {others} more' if others else ''))
    except Exception as error:  # a broken driver may raise anything
        return Check(TOPIC, 'GPU', Status.PROBLEM, one_line(error), 'nvidia-smi')
    if shutil.which('nvidia-smi') is None:
        return Check(TOPIC, 'GPU', Status.OK, 'none, everything runs on the CPU')
    if torch.version.cuda is None:
        fix = pip_command('install', '--force-reinstall', 'torch', 'torchvision')
        return Check(TOPIC, 'GPU', Status.NOTE, 'there is one, but torch was built for the CPU only', fix)
    detail = (
        f'there is one, but its driver does not serve CUDA {torch.version.cuda}: update it, or install an older torch'
    )
    return Check(TOPIC, 'GPU', Status.NOTE, detail, 'nvidia-smi')


def _run_operators() -> list[str]:
    import torch
    from mmcv.ops import nms, roi_align

    devices = ['cpu', 'cuda'] if torch.cuda.is_available() else ['cpu']
    for device in devices:
        boxes = torch.tensor([[0.0, 0, 4, 4], [0.0, 0, 4, 4]], device=device)
        _, kept = nms(boxes, torch.tensor([0.4, 0.6], device=device), 0.5)
        rois = torch.tensor([[0.0, 0, 0, 4, 4]], device=device)
        pooled = roi_align(torch.ones(1, 1, 4, 4, device=device), rois, (2, 2), 1.0, 2, 'avg', True)
        if kept.tolist() != [1] or not bool((pooled == 1).all()):
            raise RuntimeError(f'wrong results on {device}: nms kept {kept.tolist()}, roi_align gave {pooled.tolist()}')
    return devices
