"""DisAsymNet (Wang et al. 2023) in loops over single numbers, as sections 2.1 to 2.3 write it.

Sides are named ``right`` and ``left``; images, masks and maps are lists of rows.
"""

from __future__ import annotations

import math


def linear(vector, weight, bias):
    return [sum(w * x for w, x in zip(row, vector)) + b for row, b in zip(weight, bias)]


def attend(queries, keys, values, heads):
    """Multi-head attention of lists of vectors: a softmax over keys a head, and heads side by side."""
    size, width = len(queries[0]) // heads, len(values[0]) // heads
    result = []
    for query in queries:
        joined = []
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            scores = [sum(q * k for q, k in zip(query[part], key[part])) / math.sqrt(size) for key in keys]
            exponents = [math.exp(score - max(scores)) for score in scores]
            shares = [value / sum(exponents) for value in exponents]
            first = head * width
            joined += [sum(share * v[first + i] for share, v in zip(shares, values)) for i in range(width)]
        result.append(joined)
    return result


def asymmetric_block(right, left, weights, heads):
    """f, f_SA and f_CA side by side, then the feed-forward network; no residual, no norm.

    Args:
        right, left: lists of feature vectors.
        weights: ``query``, ``key``, ``value``, ``expand`` and ``shrink`` to (weight, bias).
        heads: of both attentions.
    """
    q, k, v = (
        {side: [linear(f, *weights[name]) for f in features] for side, features in (('r', right), ('l', left))}
        for name in ('query', 'key', 'value')
    )
    results = []
    for own, other, features in (('r', 'l', right), ('l', 'r', left)):
        f_sa = attend(q[own], k[own], v[own], heads)
        f_ca = attend(q[own], k[other], v[other], heads)
        fused = []
        for f, sa, ca in zip(features, f_sa, f_ca):
            hidden = [max(0.0, value) for value in linear(f + sa + ca, *weights['expand'])]
            fused.append(linear(hidden, *weights['shrink']))
        results.append(fused)
    return results


def class_activation(features, weight):
    """max(0, sum of w_d f_d) at each place; features are [d][row][column]."""
    rows, columns = len(features[0]), len(features[0][0])
    return [[max(0.0, sum(w * f[i][j] for w, f in zip(weight, features))) for j in range(columns)] for i in range(rows)]


def refined_cam(cam, height, width):
    """Bilinear with the corners on the corners, then 0 to 1, then sigmoid(100 (x - 0.4))."""
    rows, columns = len(cam), len(cam[0])
    large = []
    for i in range(height):
        y = i * (rows - 1) / (height - 1)
        top = min(int(y), rows - 2) if rows > 1 else 0
        line = []
        for j in range(width):
            x = j * (columns - 1) / (width - 1)
            left = min(int(x), columns - 2)
            a, b = y - top, x - left
            line.append(
                (1 - a) * ((1 - b) * cam[top][left] + b * cam[top][left + 1])
                + a * ((1 - b) * cam[top + 1][left] + b * cam[top + 1][left + 1])
            )
        large.append(line)
    low, high = min(map(min, large)), max(map(max, large))
    extent = high - low if high > low else 1e-5
    return [[1 / (1 + math.exp(-100 * ((value - low) / extent - 0.4))) for value in line] for line in large]


def cross_entropy(probability, label):
    return -math.log(probability if label == 1 else 1 - probability)


def classification(p_asy, y_asy, p_sides, y_sides):
    """Mean of L_bce(y_asy, p_asy) over pairs plus mean of L_bce(y, p) over sides, without unknown ones (NaN)."""
    pairs = [cross_entropy(p, y) for p, y in zip(p_asy, y_asy) if y == y]
    sides = [cross_entropy(p, y) for p, y in zip(p_sides, y_sides) if y == y]
    return sum(pairs) / max(1, len(pairs)) + sum(sides) / max(1, len(sides))


def l1(one, other):
    numbers = [abs(a - b) for row, second in zip(one, other) for a, b in zip(row, second)]
    return sum(numbers) / len(numbers)


def reconstruction(x, x_n, x_ab, mask):
    """L_l1((1 - M) x, (1 - M) x_n) + L_l1(M x, x_ab) of one image."""

    def times(factor, image):
        return [[f * value for f, value in zip(*rows)] for rows in zip(factor, image)]

    rest = [[1 - value for value in row] for row in mask]
    return l1(times(rest, x), times(rest, x_n)) + l1(times(mask, x), x_ab)


def blended(x, tumours, alphas, over):
    """x prod(1 - a_k) + sum(t_k a_k), or one tumour over another; all of one size."""
    result = []
    for i, row in enumerate(x):
        line = []
        for j, value in enumerate(row):
            if over:
                for t, a in zip(tumours, alphas):
                    value = value * (1 - a[i][j]) + t[i][j] * a[i][j]
            else:
                for a in alphas:
                    value *= 1 - a[i][j]
                value += sum(t[i][j] * a[i][j] for t, a in zip(tumours, alphas))
            line.append(value)
        result.append(line)
    return result


def cross_view_attention(right, left, queries, keys, join, heads):
    """CVT (van Tulder et al. 2021): own features and what is taken from the other side, layer normalised.

    Args:
        right, left: lists of feature vectors.
        queries, keys: weights of all heads; a head's values are the other side's features as they are.
        join: weight that takes the heads side by side.
        heads: how many.
    """
    results = []
    for own, other in ((right, left), (left, right)):
        q, k = ([linear(f, w, [0.0] * len(w)) for f in features] for w, features in ((queries, own), (keys, other)))
        taken = attend(q, k, [feature * heads for feature in other], heads)
        side = []
        for feature, joined in zip(own, taken):
            summed = [f + a for f, a in zip(feature, linear(joined, join, [0.0] * len(join)))]
            mean = sum(summed) / len(summed)
            variance = sum((value - mean) ** 2 for value in summed) / len(summed)
            side.append([(value - mean) / math.sqrt(variance + 1e-5) for value in summed])
        results.append(side)
    return results
