"""Where the predictions of a test go."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config

_ARGUMENTS = {'VolumeDetectionMetric': 'outfile', 'LabelMetric': 'outfile', 'SaliencyMetric': 'outdir'}


def send_predictions_to(cfg: Config, out: Path) -> None:
    """Makes the metrics of a config write what they score, the first metric of each kind.

    ``out`` is the first of what the config scores: findings (CSV, DBTex columns), else labels (CSV), else saliency maps
    (a folder). What else it scores lies beside it: of ``found.csv``, labels in ``found_labels.csv`` and maps in
    ``found_maps``. Labels of images and of breasts or pairs are a file each, see
    :class:`~mammo_plugins.evaluation.metrics.LabelMetric`.

    Raises:
        ValueError: the config scores nothing that can be written, or ``out`` is called CSV and is to be a folder.
    """
    evaluators = cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]
    scored = {kind: [one for one in evaluators if one.type == kind] for kind in _ARGUMENTS}
    kinds = [kind for kind, found in scored.items() if found]
    if not kinds:
        raise ValueError(f'--out needs one of {", ".join(_ARGUMENTS)} in test_evaluator of the config, which has none')
    if kinds == ['SaliencyMetric'] and out.suffix:
        raise ValueError(f'--out {out}: the config scores saliency maps only, which are a folder: give one')
    beside = {'LabelMetric': out.with_name(f'{out.stem}_labels{out.suffix}'),
              'SaliencyMetric': out.with_name(f'{out.stem}_maps')}  # fmt: skip
    for kind in kinds:
        scored[kind][0][_ARGUMENTS[kind]] = str(out if kind == kinds[0] else beside[kind])
