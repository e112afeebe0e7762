"""Pair rules on a batch written out by hand."""

from __future__ import annotations

import pytest
import torch

from mammo_plugins.models.pretraining.pair_rules import SCHEMES, SampleKeys
from mammo_plugins.structures.image_identity import ImageIdentity

# Two copies of P1's L-CC, then P1's L-MLO and R-CC, and P2's L-CC and L-MLO.
BATCH = [('P1', 'L-CC'), ('P1', 'L-CC'), ('P1', 'L-MLO'), ('P1', 'R-CC'), ('P2', 'L-CC'), ('P2', 'L-MLO')]


def keys_of(batch) -> SampleKeys:
    numbers = [ImageIdentity(patient, view, f'{patient}/{view}').numbers() for patient, view in batch]
    return SampleKeys(*torch.tensor(numbers).T)


def drawn(pairs) -> list[str]:
    """A row a sample: + positive, - negative, . ignored."""
    symbols = torch.where(pairs.positives, 1, torch.where(pairs.negatives, 2, 0)).tolist()
    return [''.join('.+-'[kind] for kind in row) for row in symbols]


SIMCLR = ['.+----', '+.----', '--.---', '---.--', '----.-', '-----.']
MVCL_V1 = ['..+---', '..+---', '++.---', '---.--', '----.+', '----+.']
EXPECTED = {
    'simclr': dict(image=SIMCLR),
    'mscl': dict(style=SIMCLR),
    'mvcl': dict(view=MVCL_V1),
    'msvcl': dict(style=['.+.---', '+..---', '...---', '---.--', '----..', '----..'], view=MVCL_V1),
    'mscl_v2': dict(style=['.+..-.', '+...-.', '.....-', '....-.', '--.-..', '..-...']),
    'mvcl_v2': dict(view=['..+..-', '..+..-', '++..-.', '.....-', '..-..+', '--.-+.']),
    'msvcl_v2': dict(
        style=['.+..-.', '+...-.', '.....-', '....-.', '--.-..', '..-...'],
        view=['..+..-', '..+..-', '++..-.', '.....-', '..-..+', '--.-+.'],
    ),
}


@pytest.mark.parametrize('scheme', SCHEMES)
def test_scheme_on_a_batch_written_out(scheme):
    keys = keys_of(BATCH)
    assert {name: drawn(rule(keys)) for name, rule in SCHEMES[scheme].items()} == EXPECTED[scheme]


@pytest.mark.parametrize('scheme', SCHEMES)
def test_an_image_that_is_in_the_batch_twice_is_no_negative_of_itself(scheme):
    keys = keys_of([*BATCH, *BATCH])
    same = keys.image[:, None] == keys.image[None]
    for rule in SCHEMES[scheme].values():
        pairs = rule(keys)
        assert not (pairs.negatives & same).any()
        assert not (pairs.positives & pairs.negatives).any()
        assert not pairs.positives.diagonal().any()
        assert torch.equal(pairs.positives, pairs.positives.T) and torch.equal(pairs.negatives, pairs.negatives.T)


@pytest.mark.parametrize('scheme', [name for name in SCHEMES if name.endswith('v2')])
def test_version_2_never_pushes_images_of_one_patient_apart(scheme):
    keys = keys_of(BATCH)
    same = keys.patient[:, None] == keys.patient[None]
    assert not any((rule(keys).negatives & same).any() for rule in SCHEMES[scheme].values())


@pytest.mark.parametrize('scheme', SCHEMES)
def test_order_of_the_batch_moves_the_masks_along(scheme):
    order = torch.randperm(len(BATCH))
    keys, shuffled = keys_of(BATCH), keys_of([BATCH[index] for index in order])
    for rule in SCHEMES[scheme].values():
        for before, after in zip(rule(keys), rule(shuffled)):
            assert torch.equal(before[order][:, order], after)


def test_numbers_tell_names_apart_and_are_fixed():
    one = ImageIdentity('P1', 'L-CC', 'a.dcm').numbers()
    assert one == ImageIdentity('P1', 'lcc', 'a.dcm', ('GE',)).numbers()
    assert one[0] == 3094033440673219996
    other = ImageIdentity('P1', 'R-CC', 'b.dcm').numbers()
    assert [a == b for a, b in zip(one, other)] == [True, False, True, False]
    assert one[1] != ImageIdentity('P2', 'L-CC', 'a.dcm').numbers()[1]
    with pytest.raises(ValueError, match='unknown view'):
        ImageIdentity('P1', 'front', 'a.dcm').numbers()
