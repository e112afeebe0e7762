"""Memory of a computation on fake tensors, which have shapes and no numbers: what lives is added up."""

from __future__ import annotations

import json
import weakref
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

GIB = 2**30


def make_fake(model: nn.Module) -> FakeTensorMode:
    """Replaces the weights of a model by fake ones; gives the mode in which it runs."""
    mode = FakeTensorMode()
    for module in model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            fake = nn.Parameter(mode.from_tensor(parameter.detach()), requires_grad=parameter.requires_grad)
            setattr(module, name, fake)
        for name, buffer in list(module.named_buffers(recurse=False)):
            setattr(module, name, mode.from_tensor(buffer))
    return mode


class LiveMemory(TorchDispatchMode):
    """Adds up the storages that live, each once, whatever views there are of it."""

    def __init__(self) -> None:
        super().__init__()
        self.current = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        tree_map_only(Tensor, self.add, result)
        return result

    def add(self, tensor: Tensor) -> None:
        """Counts the storage of a tensor from now on until nobody holds it."""
        storage = tensor.untyped_storage()
        if id(storage) not in self._known:
            self._known.add(id(storage))
            weakref.finalize(storage, self._forget, id(storage), storage.nbytes())
            self.current += storage.nbytes()
            self.peak = max(self.peak, self.current)

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.current -= size


def write_peaks(out: Path | None, size: Sequence[int], rows: list[dict]) -> None:
    """Writes rows of a benchmark of images of a size (H, W) as json, where a file is named."""
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        about = {'method': 'fake tensors', 'torch': torch.__version__, 'size': list(size)}
        out.write_text(json.dumps({**about, 'rows': rows}, indent=1) + '\n')
