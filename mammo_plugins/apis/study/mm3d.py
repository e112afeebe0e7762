"""The rows of M&M-3D: Tables 2 to 5 and 8 to 10, and Fig. 6."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from mammo_plugins.apis.mean_histogram import write_mean_histogram

from .mm3d_config import FIRST, HISTOGRAM, REFERENCE, row_config, starts_from_ffdm
from .readings import ImageChoice, Reading
from .rows import Claim, Column, RowTest, StudyRow, StudyTable
from .study import Study, StudyPreset

FLAT, VOLUME = 'mm3d-2d', 'mm3d'
"""The protocols of 2-D and of 3-D localisation."""

AUC = 'breast_auc'
NUMBERS = ('R@0.25', 'R@0.5', AUC)

_CONFIGS = 'projects/mm3d/configs'
_TITLES = {FLAT: '2-D', VOLUME: '3-D'}
_SHARES = {'data10': '10 % data', 'data40': '40 % data', 'ann2': '2 % annotated', 'ann16': '16 % annotated'}
_LEARNED = {
    'mm3d': 'M&M-3D',
    'timesform': 'TimeSform',
    'query_summary': 'QuerySummary',
    'mlp_regress': 'MLP-Regress',
    'mm3d_coco': 'M&M-3D without FFDM weights',
}
# Tables 8, 9 and 10: R@0.25 and, where the data vary, AUC.
_OF_SHARES = {
    'mm3d_data10': (0.61, 0.91),
    'mm3d_data40': (0.71, 0.94),
    'mm3d_ann2': (0.74,),
    'mm3d_ann16': (0.77,),
    'timesform_data10': (0.51, 0.90),
    'timesform_data40': (0.65, 0.93),
    'timesform_ann2': (0.69,),
    'timesform_ann16': (0.73,),
    'query_summary_data10': (0.51, 0.88),
    'query_summary_data40': (0.70, 0.94),
    'query_summary_ann2': (0.64,),
    'query_summary_ann16': (0.74,),
    'mlp_regress_data10': (0.41, 0.83),
    'mlp_regress_data40': (0.63, 0.94),
    'mlp_regress_ann2': (0.44,),
    'mlp_regress_ann16': (0.63,),
}


def _numbers(recall_at_quarter: float, recall_at_half: float, auc: float) -> dict[str, float]:
    return {'R@0.25': recall_at_quarter, 'R@0.5': recall_at_half, AUC: auc}


def _row(
    name: str,
    title: str,
    config: str,
    table: str,
    *,
    trained: bool = True,
    has_slices: bool = True,
    modality: str = 'DBT',
    paper: Mapping[str, Mapping[str, float]],
) -> StudyRow:
    """A row; one that predicts no slice has no 3-D localisation, and one that is not trained has the FFDM's weights."""
    start = f'{{{FIRST}}}' if starts_from_ffdm(name) else None
    stage = dict(name=name, config=config, **({'load_from': start} if start else {}))
    images = ImageChoice(modality=modality)
    return StudyRow(
        name,
        title,
        table,
        readings=[Reading(protocol, protocol, NUMBERS, title=_TITLES[protocol], images=images)
                  for protocol in (FLAT, *([VOLUME] if has_slices else []))],
        stages=[stage] if trained else [],
        tests=[RowTest() if trained else RowTest(checkpoint=start, config=config)],
        paper=paper,
    )  # fmt: skip


def _claim(better: str, worse: str, reading: str = VOLUME, number: str = 'R@0.25', paper: float | None = None) -> Claim:
    return Claim(better, worse, reading, number, paper)


def _prepare(annotations: Path, root: Path) -> None:
    """The reference of histogram matching, for the HM rows."""
    if not (root / HISTOGRAM).is_file():
        write_mean_histogram(annotations, root / HISTOGRAM)


def _columns() -> Iterator[Column]:
    for number in ('R@0.25', 'R@0.5'):
        yield Column(f'{number} (2-D)', number, (FLAT,))
        yield Column(f'{number} (3-D)', number, (VOLUME,))
    yield Column('breast AUC', AUC, (VOLUME, FLAT))
    for number, title in (('R@0.25', 'R@0.25'), ('R@0.5', 'R@0.5'), (AUC, 'AUC')):
        yield Column(f'paper {title}', number, (VOLUME, FLAT), of_paper=True)


def _inference_rows() -> Iterator[StudyRow]:
    """Table 2: weights of the FFDM, never trained on tomosynthesis."""
    flat = dict(table='Table 2', trained=False, has_slices=False)
    volume = dict(table='Table 2', trained=False)
    yield _row('mip_0', 'MIP, 0 %', f'{_CONFIGS}/mip_dbt.py', paper={FLAT: _numbers(0.14, 0.16, 0.65)}, **flat)
    yield _row('hm_0', 'HM, 0 %', f'{_CONFIGS}/hm_dbt.py', paper={FLAT: _numbers(0.33, 0.41, 0.77)}, **flat)
    yield _row('buda_0', 'Buda, 0 %', f'{_CONFIGS}/buda_dbt.py', paper={VOLUME: _numbers(0.45, 0.49, 0.84)}, **volume)
    paper = {FLAT: _numbers(0.53, 0.57, 0.85), VOLUME: _numbers(0.46, 0.48, 0.85)}
    yield _row('mm3d_0', 'M&M-3D, 0 %', REFERENCE, paper=paper, **volume)


def _fine_tuned_rows() -> Iterator[StudyRow]:
    """Tables 3 to 5."""
    flat = dict(table='Table 3', has_slices=False)
    yield _row('mip', 'MIP', f'{_CONFIGS}/mip_dbt.py', paper={FLAT: _numbers(0.52, 0.60, 0.86)}, **flat)
    yield _row('hm', 'HM', f'{_CONFIGS}/hm_dbt.py', paper={FLAT: _numbers(0.53, 0.60, 0.87)}, **flat)
    for name, title, config, table, numbers in (
        ('buda_annotated', 'Buda*', 'buda_annotated_dbt', 'Table 3', (0.68, 0.74, 0.92)),
        ('buda', 'Buda', 'buda_dbt', 'Table 3', (0.68, 0.73, 0.92)),
        ('mm3d_annotated', 'M&M-3D*', 'mm3d_annotated_dbt', 'Table 3', (0.73, 0.79, 0.94)),
        ('mm3d_z8', 'M&M-3D, 8 slices', 'mm3d_z8', 'Table 4', (0.69, 0.76, 0.94)),
        ('mm3d_z32', 'M&M-3D, 32 slices', 'mm3d_z32', 'Table 4', (0.79, 0.83, 0.95)),
        ('mm3d_mean', 'M&M-3D, mean', 'mm3d_mean', 'Table 5', (0.72, 0.76, 0.95)),
        ('mm3d_max', 'M&M-3D, max', 'mm3d_max', 'Table 5', (0.77, 0.81, 0.95)),
    ):
        yield _row(name, title, f'{_CONFIGS}/{config}.py', table, paper={VOLUME: _numbers(*numbers)})
    paper = {FLAT: _numbers(0.80, 0.84, 0.95), VOLUME: _numbers(0.77, 0.82, 0.95)}
    yield _row('mm3d', 'M&M-3D', REFERENCE, 'Tables 3 to 5, 8 to 10', paper=paper)
    whole = {'timesform': (0.74, 0.95), 'query_summary': (0.77, 0.95), 'mlp_regress': (0.69, 0.95), 'mm3d_coco': ()}
    for name, numbers in whole.items():
        yield _learned_row(name, _LEARNED[name], numbers)


def _share_rows() -> Iterator[StudyRow]:
    """Tables 8 to 10, and Fig. 6, which gives no numbers."""
    for family, title in _LEARNED.items():
        for share, of_what in _SHARES.items():
            name = f'{family}_{share}'
            yield _learned_row(name, f'{title}, {of_what}', _OF_SHARES.get(name, ()))


def _learned_row(name: str, title: str, numbers: tuple[float, ...]) -> StudyRow:
    table = ('Table 10' if '_ann' in name else 'Tables 8, 9') if starts_from_ffdm(name) else 'Fig. 6'
    paper = {VOLUME: dict(zip(('R@0.25', AUC), numbers))} if numbers else {}
    return _row(name, title, f'{_CONFIGS}/{name}.py', table, paper=paper)


def _claims() -> Iterator[Claim]:
    """What the paper says of its rows, as far as two rows can say it."""
    yield _claim('mm3d_0', 'mip_0', FLAT)
    yield _claim('mm3d_0', 'hm_0', FLAT)
    yield _claim('mm3d_0', 'buda_0')
    yield _claim('mm3d_0', 'buda_0', VOLUME, AUC)
    yield _claim('mnm_ffdm', 'mm3d_0', FLAT, paper=0.08)  # Table 2, where FFDM has 0.61; Table 3 has 0.62
    yield _claim('mm3d', 'mm3d_0')
    yield _claim('mm3d', 'mnm_ffdm', FLAT)
    yield _claim('mm3d', 'mnm_ffdm', FLAT, AUC)
    for flat in ('mip', 'hm'):
        yield _claim('mm3d', flat, FLAT)
        yield _claim('mm3d', flat, FLAT, AUC)
        yield _claim('buda', flat, FLAT)
    yield _claim('mm3d', 'buda')
    yield _claim('mm3d', 'buda', VOLUME, AUC)
    yield _claim('mm3d_annotated', 'buda_annotated')
    yield _claim('mm3d', 'mm3d_annotated')
    yield _claim('mm3d', 'mm3d_z8')
    yield _claim('mm3d_z32', 'mm3d')
    yield _claim('mm3d', 'mm3d_mean')
    yield _claim('mm3d_max', 'mm3d_mean')
    yield _claim('mm3d', 'mm3d_data40')
    yield _claim('mm3d_data40', 'mm3d_data10')
    for rival in ('timesform', 'query_summary', 'mlp_regress'):
        for share in ('data10', 'data40', 'ann2', 'ann16'):
            yield _claim(f'mm3d_{share}', f'{rival}_{share}')
        yield _claim('mm3d_data10', f'{rival}_data10', VOLUME, AUC)
        yield _claim('mm3d', rival)
    for share in ('', '_data10', '_data40', '_ann2', '_ann16'):
        yield _claim(f'mm3d{share}', f'mm3d_coco{share}')


MM3D_STUDY = Study(
    rows=(
        _row(
            FIRST, 'M&M on FFDM', 'configs/mnm_ffdm.py', 'Table 3', has_slices=False, modality='FFDM',
            paper={FLAT: _numbers(0.62, 0.69, 0.89)},
        ),
        *_inference_rows(),
        *_fine_tuned_rows(),
        *_share_rows(),
    ),
    presets={name: StudyPreset(config=f'{_CONFIGS}/study/{name}_dbt.py') for name in ('small', 'long', 'large')},
    claims=tuple(_claims()),
    tables=(StudyTable(columns=tuple(_columns())),),
    shared_numbers={AUC: 'breast AUC'},
    make_config=row_config,
    prepare=_prepare,
    always=(FIRST,),
)  # fmt: skip
