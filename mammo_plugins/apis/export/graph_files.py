"""Graphs of networks as files: ONNX, and PyTorch's own exported programs."""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .network import Network

Run = Callable[[Sequence[Tensor]], list[np.ndarray]]
_OWN_TRANSLATIONS = 'custom_translation_table'
_INSTALL = "pip install 'mammo-plugins[export]'"


def write_onnx(program: torch.export.ExportedProgram, network: Network, path: Path) -> Run:
    """Writes ONNX; gives what ONNX Runtime makes of inputs.

    Raises:
        ValueError: torch is too old.
        ModuleNotFoundError: a package is missing; the message says how to get it.
    """
    try:
        import onnxruntime
        from onnxscript import INT64
        from onnxscript import opset18 as op
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f'writing ONNX needs {error.name}: {_INSTALL}', name=error.name) from error

    if _OWN_TRANSLATIONS not in inspect.signature(torch.onnx.export).parameters:
        raise ValueError(
            f'torch {torch.__version__} is too old to write ONNX of free sizes: update it, or write a .pt2'
        )

    def round_to_even(number: object, digits: int | None = None) -> object:
        """Of sizes, such as the cells of a share of a map; PyTorch has no translation of it."""
        return op.Cast(op.Round(number), to=INT64.dtype)

    written = torch.onnx.export(
        program,
        dynamo=True,
        input_names=list(network.module.inputs),
        output_names=list(network.module.outputs),
        **{_OWN_TRANSLATIONS: {builtins.round: round_to_even}},
        verbose=False,
    )
    written.save(path)
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    names = network.module.inputs
    return lambda inputs: session.run(None, {name: value.numpy() for name, value in zip(names, inputs, strict=True)})


def write_program(program: torch.export.ExportedProgram, network: Network, path: Path) -> Run:
    """Writes a program that ``torch.export.load`` reads; gives what it makes of inputs."""
    torch.export.save(program, path)
    module = torch.export.load(path).module()
    return lambda inputs: [output.numpy() for output in module(*inputs)]


WRITERS = {'.onnx': write_onnx, '.pt2': write_program}
