"""The declared study: rows and numbers of the paper, and a config that can be read for everything that runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from mammo_plugins.apis.study.catalogue import find_study
from mammo_plugins.apis.study.readings import Average
from mammo_plugins.apis.study.seed_folder import SeedFolder

PAPER = Config.fromfile(Path(__file__).parents[3] / 'projects/msvcl/paper.py')
ROWS = {**PAPER._pretrained, **PAPER._rivals}


@pytest.fixture(scope='module')
def study():
    return find_study('msvcl')


def mean(values):
    return sum(values) / len(values)


def test_means_of_vendors_are_those_of_the_tables():
    """Which a slip in copying would break; the paper rounds to a tenth, and twice misses by one more."""
    for row in ROWS.values():
        assert mean(row.ap[:3]) == pytest.approx(row.seen[0], abs=0.11)
        assert mean(row.ap[3:]) == pytest.approx(row.unseen[0], abs=0.11)
    averages = dict(
        random=(65.3, 58.1), imagenet=(86.2, 81.4), simclr_scratch=(84.5, 78.1), simclr=(86.9, 82.1), mscl=(88.1, 85.0),
        mvcl=(89.4, 83.9), msvcl=(90.6, 86.7), mscl_v2=(91.5, 86.8), mvcl_v2=(89.9, 86.2), msvcl_v2=(90.7, 89.1),
    )  # fmt: skip
    for name, (seen, unseen) in averages.items():
        assert mean(ROWS[name].seen) == pytest.approx(seen, abs=0.11)
        assert mean(ROWS[name].unseen) == pytest.approx(unseen, abs=0.11)
    for name, unseen in dict(big_aug=84.1, dd=85.7, eisnet=84.8).items():
        assert mean(ROWS[name].unseen) == pytest.approx(unseen, abs=0.11)


def test_rows_have_all_tasks_and_the_numbers_of_the_paper(study):
    for name, numbers in ROWS.items():
        row = study.row(name)
        assert [test.name for test in row.tests] == list(PAPER._tasks)
        assert {test.data for test in row.tests} == {'test'}
        assert row.paper_number('detection D', 'AP50').value == pytest.approx(numbers.ap[3] / 100)
        assert row.paper_number('density unseen', 'accuracy').value == pytest.approx(numbers.unseen[3] / 100)
    assert study.row('dd').paper_number('match seen', 'balanced_accuracy') is None
    assert study.row('msvcl_v2').paper_number('all unseen', 'mean').value == pytest.approx(0.891, abs=1e-3)
    assert 'stand-in' in study.row('imagenet').title and 'stand-in' in study.row('simclr').title


def test_seen_and_unseen_are_means_of_three_vendors_and_of_all_tasks(study):
    row = study.row('msvcl_v2')
    seen, unseen, both = (row.reading(name) for name in ('birads seen', 'birads unseen', 'all unseen'))
    assert seen.of == [(f'birads {letter}', 'accuracy') for letter in 'ABC']
    assert unseen.of == [(f'birads {letter}', 'accuracy') for letter in 'DEF']
    assert isinstance(both, Average) and [name for name, _ in both.of] == [f'{task} unseen' for task in PAPER._tasks]
    assert row.reading('detection E').images.where == {'manufacturer': 'Phantom Vendor E'}
    assert row.reading('detection E').targets == ['mass']


def test_tables_and_claims_are_those_of_the_paper(study):
    assert [table.title for table in study.tables] == ['Table II', 'Table III', 'Table IV', 'Table V', 'Fig. 6']
    assert list(study.tables[0].rows) == list(PAPER._pretrained)
    assert list(study.tables[3].rows) == ['simclr', 'big_aug', 'dd', 'eisnet', 'msvcl', 'msvcl_v2']
    pairs = {(claim.better, claim.worse) for claim in study.claims if claim.reading == 'all unseen'}
    assert {('simclr_scratch', 'random'), ('msvcl', 'simclr'), ('msvcl_v2', 'msvcl'), ('msvcl_v2', 'dd')} <= pairs


def test_everything_has_a_config_and_trains_on_seen_vendors_alone(study, tmp_path):
    folder = SeedFolder(study, 'small', 0, tmp_path)
    entries = [entry for entry in study.entries() if entry.fields.get('config')]
    assert folder.write_configs(entries) == []
    seen = [f'Phantom Vendor {letter}' for letter in 'ABC']
    for entry in entries:
        cfg = Config.fromfile(tmp_path / 'configs' / f'{entry.name}.py')
        names = {holder: str(cfg[holder]) for holder in ('train_dataloader', 'test_dataloader') if holder in cfg}
        if entry.test is not None:
            assert f'{tmp_path}/test/phantoms.json' in names['test_dataloader']
        elif not entry.name.startswith(('style', 'stand_in')):
            assert cfg.train_dataloader.dataset.filter_cfg.manufacturers == seen
            assert f'{tmp_path}/seen/phantoms.json' in names['train_dataloader']
        # Weights of ImageNet are asked for nowhere: what is left of them is overridden by the plan, or by load_from.
        overridden = any('init_cfg' in key for key in entry.fields.get('cfg_options', {}))
        assert 'torchvision://' not in str(cfg.model) or overridden or 'match' in entry.name


def test_small_preset_has_three_kinds_of_phantoms(study):
    data = study.presets['small'].datasets
    assert data['seen']['phantoms'] == {'vendors': 'ABC'} and data['test']['split'] == [0.0, 0.0, 1.0]
    assert {data[name]['preset'] for name in ('seen', 'test')} == {'vendors'} and data['elsewhere']['preset'] == 'demo'
