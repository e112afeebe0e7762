"""One training step of CycleGAN, number by number, from Zhu et al. 2017, sections 3 and 4, and Kingma and Ba's Adam."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


def mean_square(scores: Tensor, target: float) -> Tensor:
    values = scores.flatten()
    return sum((values[i] - target) ** 2 for i in range(len(values))) / len(values)


def mean_distance(one: Tensor, other: Tensor) -> Tensor:
    a, b = one.flatten(), other.flatten()
    return sum((a[i] - b[i]).abs() for i in range(len(a))) / len(a)


class Adam:
    """The update of algorithm 1, for one list of parameters."""

    def __init__(self, rate: float, betas: tuple[float, float], epsilon: float = 1e-8) -> None:
        self.rate, self.betas, self.epsilon = rate, betas, epsilon
        self.step, self.moments = 0, {}

    def update(self, parameters: Sequence[nn.Parameter], loss: Tensor) -> None:
        gradients = torch.autograd.grad(loss, parameters, retain_graph=True)
        self.step += 1
        first_share, second_share = self.betas
        for number, (parameter, gradient) in enumerate(zip(parameters, gradients)):
            mean, square = self.moments.get(number, (torch.zeros_like(gradient), torch.zeros_like(gradient)))
            mean = first_share * mean + (1 - first_share) * gradient
            square = second_share * square + (1 - second_share) * gradient * gradient
            self.moments[number] = mean, square
            mean, square = mean / (1 - first_share**self.step), square / (1 - second_share**self.step)
            with torch.no_grad():
                parameter -= self.rate * mean / (square.sqrt() + self.epsilon)


def cycle_gan_step(
    networks: dict[str, nn.Module],
    first: Tensor,
    second: Tensor,
    of_generators: Adam,
    of_discriminators: Adam,
    shown: Callable[[str, Tensor], Tensor],
    cycle_weight: float = 10.0,
    identity_weight: float = 0.5,
) -> dict[str, float]:
    """Updates G: first to second, F: second to first, D of second, and D of first, in this order.

    Args:
        networks: ``G``, ``F``, ``D_second``, ``D_first``.
        first, second: images.
        of_generators, of_discriminators: their optimisers.
        shown: name of a domain and its new images to what the discriminator sees of it.
    """
    g, f, d_second, d_first = (networks[name] for name in ('G', 'F', 'D_second', 'D_first'))
    fake_second, fake_first = g(first), f(second)
    adversarial = mean_square(d_second(fake_second), 1.0) + mean_square(d_first(fake_first), 1.0)
    cycle = mean_distance(f(fake_second), first) + mean_distance(g(fake_first), second)
    identity = mean_distance(g(second), second) + mean_distance(f(first), first)
    generator_loss = adversarial + cycle_weight * cycle + identity_weight * cycle_weight * identity
    of_generators.update([*g.parameters(), *f.parameters()], generator_loss)
    judged = []
    for name, discriminator, real, fake in (
        ('first', d_first, first, fake_first),
        ('second', d_second, second, fake_second),
    ):
        seen = shown(name, fake.detach())
        judged.append((mean_square(discriminator(real), 1.0) + mean_square(discriminator(seen), 0.0)) * 0.5)
    of_discriminators.update([*d_first.parameters(), *d_second.parameters()], judged[0] + judged[1])
    return {'loss': generator_loss.item(), 'loss_of_first': judged[0].item(), 'loss_of_second': judged[1].item()}


def falling_factor(step: int, constant: int, falling: int) -> float:
    """Of the rate, at a step from 0 on."""
    return 1 - max(0, step + 1 - constant) / (falling + 1)


def receptive_field(kernels: Sequence[int], strides: Sequence[int]) -> int:
    """Pixels of a side that an output of stacked convolutions sees."""
    return 1 + sum((kernel - 1) * math.prod(strides[:place]) for place, kernel in enumerate(kernels))
