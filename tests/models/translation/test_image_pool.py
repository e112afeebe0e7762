"""What a discriminator is shown of earlier steps."""

from __future__ import annotations

import pytest
import torch

from mammo_plugins.models.translation import ImagePool


def numbered(*numbers: int) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float32)[:, None, None, None]


def handed_out(pool: ImagePool, *numbers: int) -> list[int]:
    return pool.exchange(numbered(*numbers)).flatten().int().tolist()


def test_pool_hands_out_what_it_gets_until_it_is_full():
    pool = ImagePool(size=4)
    assert handed_out(pool, 0, 1, 2) == [0, 1, 2] and handed_out(pool, 3) == [3]


def test_full_pool_hands_out_half_of_the_new_and_each_old_one_once():
    pool, size, steps = ImagePool(size=10), 10, 2000
    seen = [number for start in range(0, steps, 2) for number in handed_out(pool, start, start + 1)]
    assert len(seen) == steps
    new = sum(number == step for step, number in enumerate(seen[size:], start=size))
    assert 0.45 < new / (steps - size) < 0.55
    # What the pool kept of the first images is handed out a second time, everything else at most once.
    assert all(seen.count(number) <= 2 for number in range(size))
    late = [number for number in seen if number >= size]
    assert len(late) == len(set(late))
    ages = [step - number for step, number in enumerate(seen[size:], start=size) if number != step]
    assert 15 < sum(ages) / len(ages) < 25  # an image is replaced with a chance of 1/20 a step


def test_images_in_the_pool_have_no_gradient_and_are_copies():
    pool = ImagePool(size=2)
    images = numbered(1).requires_grad_()
    assert not pool.exchange(images * 2).requires_grad
    pool.exchange(given := numbered(5))
    given.fill_(9)
    seen = {value for _ in range(50) for value in handed_out(pool, 7)}
    assert seen == {2, 5, 7}


def test_empty_pool_passes_images_on():
    assert handed_out(ImagePool(size=0), 3, 4) == [3, 4]


def test_negative_size_is_refused():
    with pytest.raises(ValueError, match='0 or more images, got -1'):
        ImagePool(-1)
