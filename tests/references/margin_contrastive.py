"""The margin contrastive loss, one pair after the other, from the paper's equation."""

import math


def margin_contrastive_loss(first, second, matched, margin):
    """MSVCL v2, equation 3: L = 1/(2K) sum Y D^2 + (1 - Y) max(m - D, 0)^2."""
    total = 0.0
    for one, other, y in zip(first.tolist(), second.tolist(), matched.tolist()):
        distance = math.sqrt(sum((a - b) ** 2 for a, b in zip(one, other)))
        total += y * distance**2 + (1 - y) * max(margin - distance, 0) ** 2
    return total / (2 * len(matched))
