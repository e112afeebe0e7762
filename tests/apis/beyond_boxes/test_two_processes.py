"""Two processes (gloo, CPU) label and map as one does; the sample that fills the shorter shard counts once."""

from __future__ import annotations

import json
from pathlib import Path

from mammo_plugins.apis.test import evaluate_checkpoint
from tests.warm_processes import run_in_two

NUM_IMAGES = 7  # odd, so that the second process repeats an image


def contents(folder: Path) -> dict[str, bytes]:
    """Name to bytes of all files, but of the record of when and where a command ran."""
    files = [path for path in folder.rglob('*') if path.is_file() and not path.name.endswith('run.json')]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_files_and_numbers_are_those_of_one_process(trained, tmp_path):
    config, checkpoint = trained('maps')
    options = {'test_dataloader.dataset.indices': NUM_IMAGES, 'test_dataloader.batch_size': 1}
    one, two, log = tmp_path / 'one', tmp_path / 'two', tmp_path / 'log'
    expected = evaluate_checkpoint(
        config, checkpoint, out=one / 'found.csv', work_dir=tmp_path / 'alone', cfg_options=options
    )
    run_in_two('tools/test.py', [config, checkpoint, '--work-dir', log, '--out', two / 'found.csv'], options)
    assert contents(one).keys() == contents(two).keys() and contents(one) == contents(two)
    # Labels, patches, and of the maps and the further ones an index and two an image.
    assert len(contents(one)) == 1 + 1 + 2 * (1 + 2 * NUM_IMAGES)
    (written,) = log.glob('*/*.json')
    found = json.JSONDecoder().raw_decode(written.read_text())[0]  # mmengine lets each process write it
    assert expected['view/malignant/num_cases'] == NUM_IMAGES and len(expected) > 50
    numbers = {name: repr(value) for name, value in expected.items() if isinstance(value, float)}  # its log drops whole
    assert {name: repr(found[name]) for name in numbers} == numbers
