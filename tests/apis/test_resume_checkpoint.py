"""Which checkpoint a training goes on from."""

from __future__ import annotations

import os

import pytest
import torch

from mammo_plugins.apis.resume_checkpoint import newest_whole_checkpoint, require_resumable


def write(folder, iteration, value=1.0, **changes):
    content = {'state_dict': {'w': torch.tensor([value])}, 'optimizer': {}, 'meta': {'iter': iteration}, **changes}
    path = folder / f'iter_{iteration}.pth'
    torch.save({name: part for name, part in content.items() if part is not None}, path)
    (folder / 'last_checkpoint').write_text(str(path))
    return path


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_newest_is_taken_by_number(tmp_path):
    write(tmp_path, 8)
    newest = write(tmp_path, 10)
    os.utime(newest, (1, 1))  # a copied folder has times that say nothing
    (tmp_path / 'last_checkpoint').unlink()
    torch.save({}, tmp_path / 'best_mm3d_R@0.5_iter_99.pth')
    assert newest_whole_checkpoint(tmp_path) == (newest, {})


def test_cut_and_diverged_files_are_passed_over_with_the_reason(tmp_path):
    whole = write(tmp_path, 2)
    diverged, without = write(tmp_path, 4, float('nan')), write(tmp_path, 6, optimizer=None)
    cut(write(tmp_path, 8))
    (tmp_path / 'iter_10.pth').write_bytes(b'')
    found, passed_over = newest_whole_checkpoint(tmp_path)
    assert found == whole
    reasons = {path.name: reason for path, reason in passed_over.items()}
    assert list(reasons) == ['iter_8.pth', 'iter_10.pth', 'iter_6.pth', 'iter_4.pth']
    assert 'damaged' in reasons['iter_8.pth'] and 'empty' in reasons['iter_10.pth']
    assert 'no optimiser' in reasons[without.name] and 'NaN' in reasons[diverged.name]


def test_a_moved_work_directory_is_found_by_the_name_of_the_file(tmp_path):
    path = write(tmp_path, 3)
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/iter_3.pth')
    assert newest_whole_checkpoint(tmp_path)[0] == path


def test_no_checkpoint_is_no_error_but_only_damaged_ones_are(tmp_path):
    assert newest_whole_checkpoint(tmp_path) == (None, {})
    cut(write(tmp_path, 1))
    with pytest.raises(ValueError, match=r'no checkpoint in .* can be resumed \(iter_1\.pth: .*damaged'):
        newest_whole_checkpoint(tmp_path)


def test_a_named_checkpoint_must_be_whole(tmp_path):
    path = write(tmp_path, 1)
    require_resumable(path)
    cut(path)
    with pytest.raises(ValueError, match=r'--resume .*iter_1\.pth: .*damaged'):
        require_resumable(path)
    with pytest.raises(FileNotFoundError, match='no such checkpoint'):
        require_resumable(tmp_path / 'none.pth')
