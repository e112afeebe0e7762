"""Preparing the images of a config: alone, side by side, after a stop, and with a worker that is killed."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from mammo_plugins.apis.cache import caching as api
from mammo_plugins.apis.cache.caching import cache_volumes
from mammo_plugins.apis.train import train
from mammo_plugins.commands.cache_volumes import main
from tests.apis.conftest import quick_options

CONFIG = 'configs/demo/mm3d_dbt.py'
DATA_OPTIONS = tuple(f'{name}_dataloader.dataset.data_root' for name in ('train', 'val', 'test'))


def options(root: Path) -> dict[str, object]:
    return {key: value for key, value in quick_options(root).items() if key in DATA_OPTIONS}


def volumes_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob('*.b2nd')}


def prepare(root: Path, folder: Path, **changes):
    return cache_volumes(
        CONFIG, folder, **{'workers': 1, 'show_progress': False, 'cfg_options': options(root), **changes}
    )


@pytest.fixture
def own_phantoms(phantom_root, tmp_path) -> Path:
    """A copy of the phantoms that may be broken."""
    return Path(shutil.copytree(phantom_root, tmp_path / 'own'))


@pytest.fixture(scope='module')
def prepared(phantom_root, tmp_path_factory):
    """The folder of a finished run, and what it said."""
    folder = tmp_path_factory.mktemp('cache')
    return folder, prepare(phantom_root, folder)


def test_every_volume_of_every_split_is_prepared(prepared):
    folder, said = prepared
    assert said.prepared == len(volumes_in(folder)) >= 24 and said.found == 0 and not said.failed


def test_second_run_finds_everything(prepared, phantom_root):
    folder, said = prepared
    before = {path: path.stat().st_mtime_ns for path in folder.rglob('*.b2nd')}
    again = prepare(phantom_root, folder)
    assert (again.prepared, again.found) == (0, said.prepared)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob('*.b2nd')} == before


def test_two_workers_write_what_one_writes(prepared, phantom_root, tmp_path):
    folder, said = prepared
    assert prepare(phantom_root, tmp_path, workers=2) == said
    assert volumes_in(tmp_path) == volumes_in(folder)


def test_stopped_run_goes_on(prepared, phantom_root, tmp_path, monkeypatch):
    folder, said = prepared
    done = []

    def prepare_three(job):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(job)
        return real(job)

    real = api._prepare
    monkeypatch.setattr(api, '_prepare', prepare_three)
    with pytest.raises(KeyboardInterrupt):
        prepare(phantom_root, tmp_path)
    monkeypatch.setattr(api, '_prepare', real)
    rest = prepare(phantom_root, tmp_path)
    assert (rest.prepared, rest.found) == (said.prepared - 3, 3)
    assert volumes_in(tmp_path) == volumes_in(folder)


def die_once(job):
    """Ends its own process the first time that anybody gets here."""
    flag = Path(job.folder) / 'died'
    if not flag.exists():
        flag.parent.mkdir(parents=True, exist_ok=True)
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return api._prepare(job)


def test_killed_worker_costs_nothing_but_time(prepared, phantom_root, tmp_path, monkeypatch):
    folder, said = prepared
    monkeypatch.setattr(api, '_prepare', die_once)  # in this process: what the workers import is the real one
    assert prepare(phantom_root, tmp_path, workers=2) == said
    assert (tmp_path / 'died').is_file()
    assert volumes_in(tmp_path) == volumes_in(folder)


def test_scheduler_of_a_cluster_does_the_work(prepared, phantom_root, tmp_path):
    from distributed import LocalCluster

    folder, said = prepared
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        assert prepare(phantom_root, tmp_path, scheduler=cluster.scheduler_address) == said
    assert volumes_in(tmp_path) == volumes_in(folder)


def test_training_reads_the_cache_and_logs_the_same_losses(prepared, phantom_root, tmp_path):
    folder, _ = prepared
    losses = []
    for name, cache in (('files', None), ('cache', str(folder))):
        changes = {'train_dataloader.dataset.volume_cache': cache}
        runner = train(CONFIG, work_dir=tmp_path / name, cfg_options=quick_options(phantom_root, 2, **changes))
        losses.append(runner.message_hub.get_scalar('train/loss').data[0])
    assert losses[0].tolist() == losses[1].tolist() and len(losses[0]) == 2


def test_unreadable_image_is_listed_and_stops_nobody(own_phantoms, tmp_path, capsys):
    every = [file for file in own_phantoms.rglob('1-1.dcm') if b'1.2.840.10008.5.1.4.1.1.13.1.3' in file.read_bytes()]
    every[0].write_bytes(every[0].read_bytes()[:-2000])
    settings = [f'{key}={value}' for key, value in options(own_phantoms).items()]
    arguments = [CONFIG, str(tmp_path / 'cache'), '--workers', '1', '--no-progress', '--cfg-options', *settings]
    assert main(arguments) == 0
    assert '1 failed' in (said := capsys.readouterr().out) and every[0].name in said
    assert main([*arguments[:2], '--strict', *arguments[2:]]) == 1
    assert '0 images prepared' in capsys.readouterr().out


def test_unknown_split_is_refused(phantom_root, tmp_path):
    with pytest.raises(ValueError, match=r"unknown splits \['training'\]"):
        prepare(phantom_root, tmp_path, splits=['training'])
