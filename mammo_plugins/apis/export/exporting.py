"""From a trained model to a graph that other programs run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mammo_plugins.apis.inference import build_detector
from mammo_plugins.apis.model_bundle.choice import choose_model
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.io.whole_file import whole_file, write_whole

from .graph_files import WRITERS, Run
from .network import Network, find_network

# More rows and columns than the fewest, in divisors, and images or slices, that a file is tried with; never as traced.
_TRIED = ((0, 0, 1), (1, 0, 2), (2, 1, 5))
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class ExportedGraph:
    """What was written.

    Attributes:
        path: the graph.
        description: the JSON beside it.
        differences: input sizes, and the largest difference of any output from the model's own.
    """

    path: Path
    description: Path
    differences: dict[str, float]


def export_graph(
    out: str | Path,
    *,
    model: str | Path | None = None,
    config: str | Path | None = None,
    checkpoint: str | Path | None = None,
    num_views: int = 2,
    cfg_options: dict | None = None,
    trust_checkpoint: bool = False,
) -> ExportedGraph:
    """Writes the network of a model as a graph, after a comparison of its outputs at several sizes.

    Args:
        out: ``.onnx``, or ``.pt2`` for PyTorch's own format; a JSON of the same name says what goes in and comes out.
        model: name or zip of a model.
        config, checkpoint: in its place.
        num_views: of M&M-3D: 2 for a pair of views, 1 for a lone one.
        cfg_options, trust_checkpoint: see :func:`~mammo_plugins.apis.run_config.load_run_config`.

    Raises:
        ValueError: the ending is another one, the model has no part that can be written, or the graph gives other
            numbers than the model.
        ModuleNotFoundError: a package is missing.
    """
    out = Path(out)
    if out.suffix not in WRITERS:
        raise ValueError(f'{out} ends in {out.suffix!r}: give {" or ".join(WRITERS)}')
    chosen = choose_model(model, config, checkpoint, trust_checkpoint)
    cfg = load_run_config(chosen.config, cfg_options=cfg_options, trust_checkpoint=trust_checkpoint)
    network = find_network(build_detector(cfg, chosen.checkpoint, 'cpu'), num_views)
    with torch.no_grad(), whole_file(out) as unfinished:
        program = torch.export.export(
            network.module, network.sample(), dynamic_shapes=network.free_axes(), strict=False
        )
        differences = compare(network, WRITERS[out.suffix](program, network, unfinished))
    description = out.with_suffix('.json')
    content = {
        'model': chosen.description(),
        **network.description(),
        'largest difference from the model': differences,
        'thresholds': chosen.bundle.thresholds() if chosen.bundle else [],
    }
    write_whole(description, json.dumps(content, indent=1) + '\n')
    return ExportedGraph(out, description, differences)


def compare(network: Network, run: Run) -> dict[str, float]:
    """Size of the input to the largest difference of an output from the network's.

    Raises:
        ValueError: a difference is more than rounding.
    """
    differences = {}
    for sizes in _TRIED:
        inputs = network.sample(*sizes)
        name = ' x '.join(map(str, inputs[0].shape))
        differences[name] = 0.0
        for output, given, expected in zip(network.module.outputs, run(inputs), network.module(*inputs), strict=True):
            expected = expected.numpy()
            largest = float(np.abs(given - expected).max(initial=0.0))
            differences[name] = max(differences[name], largest)
            if not np.allclose(given, expected, rtol=_TOLERANCE, atol=_TOLERANCE):
                raise ValueError(
                    f'on an input of {name} the graph gives {output} that are up to {largest:.3g} away from those of '
                    'the model: nothing was written'
                )
    return differences
