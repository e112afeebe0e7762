"""A study of three rows on a few small phantoms, from nothing to its tables."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from mmengine.config import Config

from mammo_plugins.apis.study import catalogue, run_study
from mammo_plugins.apis.study.jobs import StageJob, run_jobs
from mammo_plugins.apis.study.mm3d import MM3D_STUDY
from mammo_plugins.apis.study.rows import Claim
from mammo_plugins.apis.study.seed_folder import SeedFolder
from mammo_plugins.apis.study.study import StudyPreset
from tests.markdown_tables import read_tables

ROOT = Path(__file__).parents[3]

TINY = f"""
_base_ = '{ROOT}/projects/mm3d/configs/study/small_dbt.py'
study = dict(
    cases=10, split=[0.5, 0.1, 0.4], size='96x64x12', ffdm_config='{{ffdm}}', annotated_fraction=1.0, phantoms={{{{}}}}
)
train_dataloader = dict(batch_size=2, dataset=dict(subset=dict(annotated_fraction=0.5)))
train_cfg = dict(max_iters=1)
"""


@pytest.fixture(scope='module')
def tiny(tmp_path_factory):
    """The study of M&M-3D with three of its rows, at a size of seconds."""
    folder = tmp_path_factory.mktemp('presets')
    ffdm, dbt = folder / 'ffdm.py', folder / 'dbt.py'
    ffdm.write_text(f"_base_ = '{ROOT}/projects/mm3d/configs/study/small_ffdm.py'\ntrain_cfg = dict(max_iters=1)\n")
    dbt.write_text(TINY.format(ffdm=ffdm))
    return dataclasses.replace(
        MM3D_STUDY,
        rows=[MM3D_STUDY.row(name) for name in ('mnm_ffdm', 'mm3d_0', 'mm3d')],
        claims=[
            Claim('mm3d', 'mm3d_0', 'mm3d', 'R@0.25'),
            Claim('mm3d', 'mnm_ffdm', 'mm3d-2d', 'breast_auc', paper=0.06),
        ],
        presets={'tiny': StudyPreset(config=str(dbt))},
    )


@pytest.fixture(scope='module')
def finished(tiny, tmp_path_factory):
    out = tmp_path_factory.mktemp('study')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, 'STUDIES', {'mm3d': tiny})
        return out, run_study('mm3d', out, preset='tiny', seeds=[3, 4], workers=2, bootstrap=20)


@pytest.fixture
def again(tiny, monkeypatch):
    """Runs the same study again, with changes."""
    monkeypatch.setattr(catalogue, 'STUDIES', {'mm3d': tiny})
    return lambda out, **changes: run_study('mm3d', out, **{'preset': 'tiny', 'seeds': [3, 4], 'workers': 1, **changes})


def test_every_row_and_seed_is_in_the_json(finished, tiny):
    out, result = finished
    content = json.loads(result.json_path.read_text())
    assert list(content['rows']) == [row.name for row in tiny.rows]
    assert content['settings']['seeds'] == [3, 4] and content['settings']['sizes']['cases'] == 10
    assert len(content['seconds']) == 6
    assert all(seconds['wall'] > 0 and seconds['cpu'] > 0 for seconds in content['seconds'].values())
    recall = content['rows']['mm3d']['mm3d']['R@0.25']
    assert recall['paper'] == 0.77 and len(recall['by_seed']) == 2
    assert recall['mean']['value'] == pytest.approx(sum(recall['by_seed']) / 2)
    assert (out / 'seed3/predictions/mm3d_0.csv').is_file()


def test_claims_are_the_difference_of_their_rows(finished):
    _, result = finished
    recall, auc = result.claims
    rows = result.numbers
    assert recall.difference.difference == pytest.approx(
        rows['mm3d']['mm3d']['R@0.25'].mean.value - rows['mm3d_0']['mm3d']['R@0.25'].mean.value
    )
    assert recall.paper == pytest.approx(0.77 - 0.46)
    assert auc.paper == 0.06
    assert auc.difference.second == pytest.approx(rows['mm3d']['mm3d-2d']['breast_auc'].mean.value)


def test_tables_show_the_json(finished):
    out, result = finished
    rows, claims = read_tables((out / 'tables.md').read_text())
    shown = {row['row']: row for row in rows}
    mean = result.numbers['mm3d']['mm3d']['R@0.25'].mean
    assert shown['M&M-3D']['R@0.25 (3-D)'] == f'{mean.value:.2f} [{mean.low:.2f}, {mean.high:.2f}]'
    assert shown['M&M on FFDM']['R@0.25 (3-D)'] == '' and shown['M&M on FFDM']['paper R@0.25'] == '0.62 (2-D)'
    assert shown['M&M-3D']['paper R@0.5'] == '0.82 (3-D), 0.84 (2-D)' and shown['M&M-3D']['paper AUC'] == '0.95'
    assert [claim['here'] for claim in claims] == [checked.verdict for checked in result.claims]


def test_finished_study_trains_nothing_again(finished, again):
    out, result = finished
    before = {path: path.stat().st_mtime_ns for path in out.rglob('*.pth')}
    assert len(before) == 4  # FFDM and M&M-3D of two seeds
    assert again(out, bootstrap=20).numbers == result.numbers
    assert {path: path.stat().st_mtime_ns for path in out.rglob('*.pth')} == before


def test_some_rows_leave_the_others_in_the_tables(finished, again):
    out, result = finished
    assert again(out, rows=['mm3d'], bootstrap=20).numbers == result.numbers


def test_rows_that_are_not_done_are_not_in_the_tables(finished, again, tmp_path):
    out, result = finished
    shutil.copytree(out, tmp_path / 'copy')
    (tmp_path / 'copy/seed4/stages/test-mm3d_0.json').unlink()
    some = again(tmp_path / 'copy', rows=['mm3d'], bootstrap=20)
    assert list(some.numbers) == ['mnm_ffdm', 'mm3d']  # what others start from is always trained
    assert some.numbers['mm3d'] == result.numbers['mm3d']
    assert [checked.claim for checked in some.claims] == [result.claims[1].claim]


@pytest.fixture
def seed4(finished, again, tmp_path):
    """The file of seed 4, which was run elsewhere."""
    shutil.copytree(finished[0] / 'seed4', tmp_path / 'elsewhere/seed4')
    again(tmp_path / 'elsewhere', seeds=[4], bootstrap=20)
    return tmp_path / 'elsewhere/seed4-samples.npz'


def test_seeds_of_two_machines_are_gathered(finished, again, seed4, tmp_path):
    """As if they had been run in one folder, but for the rounding of replicates to 32 bits."""
    shutil.copytree(finished[0] / 'seed3', tmp_path / 'here/seed3')
    together, apart = finished[1], again(tmp_path / 'here', seeds=[3], bootstrap=20, gather=[seed4])
    for row, readings in together.numbers.items():
        for reading, numbers in readings.items():
            for name, number in numbers.items():
                other = apart.numbers[row][reading][name]
                assert other.by_seed == pytest.approx(number.by_seed, nan_ok=True)
                assert other.mean.low == pytest.approx(number.mean.low, abs=1e-6, nan_ok=True)
    one, two = (json.loads(result.json_path.read_text()) for result in (together, apart))
    assert one['settings'] == two['settings'] and set(one['seconds']) == set(two['seconds'])
    assert [claim.verdict for claim in apart.claims] == [claim.verdict for claim in together.claims]


def test_gathered_seeds_need_no_seed_of_ones_own(again, seed4, tmp_path):
    result = again(tmp_path / 'tables', seeds=[], bootstrap=20, gather=[seed4])
    assert json.loads(result.json_path.read_text())['settings']['seeds'] == [4]
    assert not (tmp_path / 'tables/seed4/stages').exists()


def test_seeds_that_do_not_belong_together_are_refused(again, seed4, tiny, tmp_path, monkeypatch):
    def refused(message, **changes):
        with pytest.raises(ValueError, match=message):
            again(tmp_path / 'tables', **{'seeds': [], 'bootstrap': 20, 'gather': [seed4], **changes})

    refused(r'each once, got \[4, 4\]', seeds=[4])
    refused('each once, got ', gather=[])
    refused('with 20 replicates', bootstrap=30)
    (tmp_path / 'other.npz').write_bytes(b'no numbers')
    refused('other.npz holds no numbers of a study', gather=[tmp_path / 'other.npz'])
    longer = tmp_path / 'longer.py'
    longer.write_text(f"_base_ = '{tiny.presets['tiny'].config}'\ntrain_cfg = dict(max_iters=2)\n")
    changed = {'tiny': StudyPreset(config=str(longer))}
    monkeypatch.setattr(catalogue, 'STUDIES', {'mm3d': dataclasses.replace(tiny, presets=changed)})
    refused('mm3d.* ran with another config than the study has now')


def test_images_are_prepared_once_a_seed(finished):
    out, _ = finished
    configs = [Config.fromfile(path) for path in (out / 'seed3/configs').glob('*.py')]
    folders = {cfg.train_dataloader.dataset.volume_cache for cfg in configs}
    assert folders == {str(out / 'seed3/volumes')} and any((out / 'seed3/volumes').rglob('*.b2nd'))


def test_folder_of_another_study_is_refused(again, tmp_path):
    (tmp_path / 'study.json').write_text('{}\n')
    with pytest.raises(ValueError, match='holds a study with other settings'):
        again(tmp_path)


def test_training_that_fails_is_named_with_its_log(tiny, tmp_path):
    folder = SeedFolder(tiny, 'tiny', 0, tmp_path)
    folder.write_configs(tiny.entries())
    job = StageJob(folder.plan, 'mm3d', 0, tmp_path)  # no FFDM weights, no phantoms
    with pytest.raises(RuntimeError, match=r"seed 0, mm3d: stage 'mm3d' reads .*phantoms.json, which.*logs/mm3d.txt"):
        run_jobs([job], 1, lambda *_: None)
    assert not folder.is_done('mm3d')


def test_unknown_row_is_refused(tmp_path):
    with pytest.raises(ValueError, match="unknown row 'mm4d': expected some of mnm_ffdm, .*mm3d_data10"):
        run_study('mm3d', tmp_path / 'out', rows=['mm3d', 'mm4d'])
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [(('nothing',), "unknown study 'nothing'"), (('mm3d', 'study', 'huge'), "unknown preset 'huge'")],
)
def test_unknown_names_are_refused(tmp_path, arguments, message):
    name, *others = arguments
    with pytest.raises(ValueError, match=message):
        run_study(name, tmp_path, preset=others[-1] if others else 'small')
