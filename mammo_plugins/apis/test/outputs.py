"""Where the predictions of a test go."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config

_ARGUMENTS = {
    'VolumeDetectionMetric': 'outfile',
    'LabelMetric': 'outfile',
    'LesionPairMetric': 'outfile',
    'SaliencyMetric': 'outdir',
    'PictureWriter': 'outdir',
}


def send_predictions_to(cfg: Config, out: Path) -> None:
    """Makes the metrics of a config write what they score, the first metric of each kind.

    ``out`` is the first of what the config scores: findings (CSV, DBTex columns), else labels (CSV), else decisions
    about pairs of findings (CSV), else saliency maps (a folder). What else it scores lies beside it: of ``found.csv``,
    labels in ``found_labels.csv``, pairs in ``found_pairs.csv``, maps in ``found_maps``, pictures in
    ``found_pictures``. Labels of images and of breasts or pairs are a file each, see
    :class:`~mammo_plugins.evaluation.metrics.LabelMetric`.

    Raises:
        ValueError: the config scores nothing that can be written, or ``out`` is called CSV and is to be a folder.
    """
    evaluators = cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]
    scored = {kind: [one for one in evaluators if one.type == kind] for kind in _ARGUMENTS}
    kinds = [kind for kind, found in scored.items() if found]
    if not kinds:
        raise ValueError(f'--out needs one of {", ".join(_ARGUMENTS)} in test_evaluator of the config, which has none')
    if kinds[0] in ('SaliencyMetric', 'PictureWriter') and out.suffix:
        raise ValueError(
            f'--out {out}: the config scores saliency maps only (or pictures), which are a folder: give one'
        )
    beside = {'LabelMetric': out.with_name(f'{out.stem}_labels{out.suffix}'),
              'LesionPairMetric': out.with_name(f'{out.stem}_pairs{out.suffix}'),
              'SaliencyMetric': maps_beside(out),
              'PictureWriter': pictures_beside(out)}  # fmt: skip
    for kind in kinds:
        scored[kind][0][_ARGUMENTS[kind]] = str(out if kind == kinds[0] else beside[kind])


def maps_beside(out: Path) -> Path:
    """Where saliency maps go beside the predictions of another kind."""
    return out.with_name(f'{out.stem}_maps')


def pictures_beside(out: Path) -> Path:
    """Where the images that a model makes go."""
    return out.with_name(f'{out.stem}_pictures')
