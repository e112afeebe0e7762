import uuid
from itertools import islice

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.model import BaseModel
from mmengine.runner import Runner

import mammo_plugins.registration  # noqa: F401 - the runner imports all of mmdet, which needs the operators
from mammo_plugins.datasets import case_sampler
from mammo_plugins.datasets.case_collate import collate_cases
from mammo_plugins.datasets.case_draw import CaseDraw
from mammo_plugins.datasets.case_sampler import BalancedCaseSampler


class Labels:
    """As much of a data set as the sampler asks for: malignant cases first, then others, one of them unknown."""

    def __init__(self, malignant, others):
        self.labels = np.array([1.0] * malignant + [np.nan] * min(1, others) + [0.0] * max(0, others - 1))

    def malignancy_labels(self):
        return self.labels

    def __len__(self):
        return len(self.labels)


def make_sampler(malignant=3, others=7, rank=0, world_size=1, **settings):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(case_sampler, 'get_dist_info', lambda: (rank, world_size))
        return BalancedCaseSampler(Labels(malignant, others), **{'seed': 0, **settings})


counts = st.integers(1, 20)
fractions = st.sampled_from([0.1, 0.25, 0.5, 0.6, 1.0])


@settings(max_examples=40, deadline=None)
@given(counts, counts, fractions, st.integers(0, 2**31))
def test_share_of_malignant_breasts_holds_in_every_stretch(malignant, others, fraction, seed):
    stream = make_sampler(malignant, others, positive_fraction=fraction, seed=seed)
    positives = np.cumsum([draw.index < malignant for draw in islice(stream, 200)])
    wanted = fraction * np.arange(1, 201)
    assert np.abs(positives - wanted).max() <= case_sampler._BLOCK / 2 + 1
    assert np.abs((positives - wanted)[case_sampler._BLOCK - 1 :: case_sampler._BLOCK]).max() <= 0.5


@settings(max_examples=40, deadline=None)
@given(counts, counts, fractions | st.none(), st.integers(0, 2**31))
def test_no_case_repeats_before_its_deck_is_dealt(malignant, others, fraction, seed):
    stream = [
        draw.index for draw in islice(make_sampler(malignant, others, positive_fraction=fraction, seed=seed), 300)
    ]
    decks = [range(malignant), range(malignant, malignant + others)] if fraction else [range(malignant + others)]
    for deck in decks:
        dealt = [index for index in stream if index in deck]
        for start in range(0, len(dealt) - len(deck) + 1, len(deck)):
            assert sorted(dealt[start : start + len(deck)]) == list(deck)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 50))
def test_ranks_share_the_stream_of_one_process(world_size, batch_size, skipped):
    alone = make_sampler()
    alone.skip(skipped * world_size)
    whole = list(islice(alone, 4 * world_size * batch_size))
    ranks = [make_sampler(rank=rank, world_size=world_size) for rank in range(world_size)]
    parts = []
    for sampler in ranks:
        sampler.skip(skipped)
        parts.append(list(islice(sampler, 4 * batch_size)))
    for step in range(4):
        together = [draw for part in parts for draw in part[step * batch_size : (step + 1) * batch_size]]
        size = world_size * batch_size
        assert sorted(together, key=lambda draw: draw.position) == whole[step * size : (step + 1) * size]


def test_each_rank_sees_both_kinds():
    for rank in range(2):
        kinds = [draw.index < 3 for draw in islice(make_sampler(rank=rank, world_size=2), 400)]
        assert 0.4 < np.mean(kinds) < 0.6


def test_seed_decides_the_order():
    first, again, other = (list(islice(make_sampler(seed=seed), 50)) for seed in (1, 1, 2))
    assert first == again
    assert [draw.index for draw in first] != [draw.index for draw in other]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 500))
def test_skipping_equals_drawing(count):
    skipping = make_sampler()
    skipping.skip(count)
    assert list(islice(skipping, 20)) == list(islice(make_sampler(), count, count + 20))


@pytest.mark.parametrize('world_size', [1, 2, 3])
def test_epochs_are_stretches_of_the_stream(world_size):
    for rank in range(world_size):
        endless = islice(make_sampler(rank=rank, world_size=world_size), None)
        epochs = make_sampler(rank=rank, world_size=world_size, epoch_length=8)
        for epoch in range(3):
            epochs.set_epoch(epoch)
            drawn = list(epochs)
            assert len(drawn) == len(epochs) == -(-8 // world_size)
            assert drawn == list(islice(endless, len(drawn)))


def test_set_epoch_leaves_an_endless_stream_alone():
    sampler = make_sampler()
    sampler.skip(5)
    sampler.set_epoch(3)
    assert next(iter(sampler)).position == 5


def test_natural_share_deals_all_cases_as_one_deck():
    sampler = make_sampler(positive_fraction=None)
    assert len(sampler) == 10
    assert sorted(draw.index for draw in islice(sampler, 10)) == list(range(10))


@pytest.mark.parametrize(('malignant', 'others', 'fraction'), [(0, 5, 0.5), (5, 0, 0.5), (0, 5, 1), (5, 0, 0)])
def test_share_that_cannot_be_met_is_an_error(malignant, others, fraction):
    with pytest.raises(ValueError, match=f'{malignant} malignant and {others} other'):
        make_sampler(malignant, others, positive_fraction=fraction)


@pytest.mark.parametrize(('bad', 'reason'), [(dict(positive_fraction=1.5), '1.5'), (dict(epoch_length=0), 'got 0')])
def test_settings_out_of_range_are_quoted(bad, reason):
    with pytest.raises(ValueError, match=reason):
        make_sampler(**bad)


def test_skipping_in_epochs_is_an_error():
    with pytest.raises(ValueError, match='epoch_length=8'):
        make_sampler(epoch_length=8).skip(1)


def test_draws_differ_in_randomness():
    values = {draw.make_rng().random() for draw in islice(make_sampler(), 100)}
    assert len(values) == 100
    assert CaseDraw(3, 1, 2).make_rng().random() == CaseDraw(9, 1, 2).make_rng().random()


class RecordingModel(BaseModel):
    """Sums up what it is given, so that any change of the data changes its loss and weight."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.seen = []

    def forward(self, inputs, data_samples, mode):
        mean = torch.stack([volume.mean() for case in inputs for volume in case]).mean()
        self.seen.append(([sample.case_id for sample in data_samples], float(mean)))
        return dict(loss=self.weight * mean)


def train(make_dataset, release, folder, num_workers, max_iters, load_from=None):
    runner = Runner(
        model=RecordingModel(),
        work_dir=str(folder),
        train_dataloader=dict(
            dataset=make_dataset(release.path, modality='FFDM', split='train'),
            sampler=dict(type='mmdet.BalancedCaseSampler'),
            batch_size=3,
            num_workers=num_workers,
            collate_fn=dict(type=collate_cases),
        ),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=100),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=3), logger=None),
        load_from=load_from,
        resume=load_from is not None,
        randomness=dict(seed=4),
        experiment_name=uuid.uuid4().hex,
        log_level='ERROR',
    )
    runner.train()
    return runner.model.seen


def test_run_resumed_with_workers_sees_what_an_uninterrupted_one_without_sees(make_dataset, release, tmp_path):
    whole = train(make_dataset, release, tmp_path / 'whole', num_workers=0, max_iters=6)
    train(make_dataset, release, tmp_path / 'part', num_workers=0, max_iters=3)
    checkpoint = str(tmp_path / 'part' / 'iter_3.pth')
    assert train(make_dataset, release, tmp_path / 'part', 2, max_iters=6, load_from=checkpoint) == whole[3:]


class Exams(Labels):
    """Cases of exams of four images, of whose first image one exam in four has a malignant and one a benign finding."""

    def __init__(self, exams=16):
        self.labels = np.array([float(exam % 4 == 0 and image == 0) for exam in range(exams) for image in range(4)])
        self.benign = np.array([float(exam % 4 == 1 and image == 0) for exam in range(exams) for image in range(4)])

    def case_labels(self, name):
        return {'benign': self.benign}[name]

    def get_data_info(self, index):
        return dict(patient_id='P', study_uid=str(index // 4))


@pytest.mark.parametrize(
    ('settings', 'positive'),
    [
        (dict(label='benign'), lambda index: index % 16 == 4),
        (dict(label=['benign', 'malignant']), lambda index: index % 16 in (0, 4)),
        (dict(label=['benign', 'malignant'], unit='exam'), lambda index: index % 16 < 8),
    ],
)
def test_epoch_has_every_positive_case_once_and_as_many_others(settings, positive):
    sampler = BalancedCaseSampler(Exams(), epoch_length='positives', seed=0, **settings)
    wanted = [index for index in range(64) if positive(index)]
    for epoch in (0, 1):
        sampler.set_epoch(epoch)
        drawn = [draw.index for draw in sampler]
        assert sorted(index for index in drawn if positive(index)) == wanted
        assert len(set(drawn)) == len(drawn) == 2 * len(wanted) == len(sampler)


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        (dict(unit='breast'), 'unit is one of'),
        (dict(epoch_length='all'), 'epoch_length'),
        (dict(epoch_length=0), 'epoch_length'),
        (dict(epoch_length='positives', positive_fraction=None), 'needs a positive_fraction'),
        (dict(label=['malignant'], positive_fraction=1.0, unit='exam', epoch_length='positives'), None),
    ],
)
def test_arguments_are_checked(wrong, message):
    if message is None:
        assert len(BalancedCaseSampler(Exams(), seed=0, **wrong)) == 16
        return
    with pytest.raises(ValueError, match=message):
        BalancedCaseSampler(Exams(), seed=0, **wrong)
