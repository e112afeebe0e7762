"""Inference of GLAM and GMIC on one image as the papers describe it, from weights under the released names.

Slow and plain: numbers are ranked, summed and pasted one by one. Written from the papers (Liu et al. 2021, section 3
and appendices A to C; Shen et al. 2021) and the names and shapes of the released checkpoints.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

Weights = dict[str, Tensor]


def normalise(x: Tensor, weights: Weights, name: str) -> Tensor:
    """Batch norm with running statistics."""
    shape = (1, -1, 1, 1)
    mean, var = weights[f'{name}.running_mean'].view(shape), weights[f'{name}.running_var'].view(shape)
    scaled = (x - mean) / torch.sqrt(var + 1e-5)
    return scaled * weights[f'{name}.weight'].view(shape) + weights[f'{name}.bias'].view(shape)


def resnet22(image: Tensor, weights: Weights, prefix: str) -> list[Tensor]:
    """h_0, h_1, h_2 of an image (1, 1, H, W)."""
    x = F.conv2d(image, weights[f'{prefix}.first_conv.weight'], stride=2, padding=3)
    x = F.max_pool2d(x, kernel_size=3, stride=2)
    after_stage = []
    for stage, stride in enumerate((1, 2, 2, 2, 2)):
        for block in (0, 1):
            name = f'{prefix}.layer_list.{stage}.{block}'
            step = stride if block == 0 else 1
            active = torch.relu(normalise(x, weights, f'{name}.bn1'))
            skip = F.conv2d(active, weights[f'{name}.downsample.0.weight'], stride=step) if block == 0 else x
            y = F.conv2d(active, weights[f'{name}.conv1.weight'], stride=step, padding=1)
            y = torch.relu(normalise(y, weights, f'{name}.bn2'))
            x = F.conv2d(y, weights[f'{name}.conv2.weight'], padding=1) + skip
        after_stage.append(x)
    return [after_stage[2], after_stage[3], torch.relu(normalise(x, weights, f'{prefix}.final_bn'))]


def resnet(patch: Tensor, weights: Weights, prefix: str, blocks: tuple[int, ...], strides: tuple[int, ...]) -> Tensor:
    """The last map of a ResNet of basic blocks on a grey patch (h, w)."""
    x = torch.stack([patch, patch, patch])[None]
    x = F.conv2d(x, weights[f'{prefix}.conv1.weight'], stride=2, padding=3)
    x = F.max_pool2d(torch.relu(normalise(x, weights, f'{prefix}.bn1')), kernel_size=3, stride=2, padding=1)
    for layer, (count, stride) in enumerate(zip(blocks, strides), start=1):
        for block in range(count):
            name, step = f'{prefix}.layer{layer}.{block}', stride if block == 0 else 1
            skip = x
            if f'{name}.downsample.0.weight' in weights:
                skip = F.conv2d(x, weights[f'{name}.downsample.0.weight'], stride=step)
                skip = normalise(skip, weights, f'{name}.downsample.1')
            y = F.conv2d(x, weights[f'{name}.conv1.weight'], stride=step, padding=1)
            y = F.conv2d(torch.relu(normalise(y, weights, f'{name}.bn1')), weights[f'{name}.conv2.weight'], padding=1)
            x = torch.relu(normalise(y, weights, f'{name}.bn2') + skip)
    return x


def top_mean(values: Tensor, fraction: float) -> float:
    """Mean of the largest values of a map."""
    ranked = sorted(values.flatten().tolist(), reverse=True)
    count = max(1, round(fraction * len(ranked)))
    return math.fsum(ranked[:count]) / count


def upsample(saliency: Tensor, shape: tuple[int, int]) -> Tensor:
    """(C, h, w) by the nearest cell, one by one."""
    result = torch.zeros(len(saliency), *shape)
    for row in range(shape[0]):
        for column in range(shape[1]):
            source = row * saliency.shape[1] // shape[0], column * saliency.shape[2] // shape[1]
            result[:, row, column] = saliency[:, source[0], source[1]]
    return result


def select_patches(
    saliency: Tensor, image_shape: tuple[int, int], patch_size: tuple[int, int], num_patches: int
) -> list[tuple[int, int]]:
    """Algorithm 1: upper left pixels (row, column) of patches.

    Where several windows are within a millionth of the largest sum (of the whole map, before a window was zeroed), the
    first row by row is taken. A map without range is 0.
    """
    height, width = saliency.shape[1:]
    window = round(patch_size[0] * height / image_shape[0]), round(patch_size[1] * width / image_shape[1])
    total = torch.zeros(height, width, dtype=torch.float64)
    for of_class in saliency.double():
        low, high = of_class.min(), of_class.max()
        if high > low:
            total += (of_class - low) / (high - low)
    origins, tolerance = [], None
    for _ in range(num_patches):
        sums = {}
        for row in range(height - window[0] + 1):
            for column in range(width - window[1] + 1):
                sums[row, column] = float(total[row : row + window[0], column : column + window[1]].sum())
        largest = max(sums.values())
        if tolerance is None:
            tolerance = 1e-6 * largest
        row, column = next(place for place, value in sums.items() if value >= largest - tolerance)
        origins.append((row * image_shape[0] // height, column * image_shape[1] // width))
        total[row : row + window[0], column : column + window[1]] = 0
    return origins


def gated_attention(representations: list[Tensor], weights: Weights) -> list[float]:
    """Ilse et al. 2018, equation 9, under GMIC's names."""
    scores = []
    for z in representations:
        hidden = torch.tanh(weights['mil_attn_V.weight'] @ z) * torch.sigmoid(weights['mil_attn_U.weight'] @ z)
        scores.append(math.exp(float(weights['mil_attn_w.weight'][0] @ hidden)))
    return [score / sum(scores) for score in scores]


def glam(
    image: Tensor,
    weights: Weights,
    num_patches: int,
    patch_size: tuple[int, int] = (512, 512),
    fraction: float = 0.03,
    local_fraction: float = 0.2,
) -> dict[str, Tensor | list]:
    """Everything that GLAM says of a standardised image (H, W): the names are the paper's.

    ``y_l_concat`` and ``y_l_attention`` are those of both aggregations, and ``y_f`` that of the fusion, where
    ``weights`` have the names of GMIC for what the release of GLAM lacks.
    """
    prefix = 'global_network.postprocess_module'
    h = resnet22(image[None, None], weights, 'global_network.downsampling_branch')
    maps = [
        torch.sigmoid(F.conv2d(level, weights[f'{prefix}.{name}.weight']))[0]
        for level, name in zip(h, ('gn_conv_1', 'gn_conv_2', 'gn_conv_last'))
    ]
    maps = [upsample(level, tuple(maps[0].shape[1:])) for level in maps]
    pooled = [[top_mean(of_class, fraction) for of_class in level] for level in maps]
    said = {
        'S': maps,
        'S_g': 0.2 * maps[0] + 0.6 * maps[1] + 0.2 * maps[2],
        'y_g': torch.tensor(pooled).mean(dim=0),
        'z_g': torch.stack([channel.max() for channel in h[2][0]]),
    }
    said['patches'] = select_patches(said['S_g'], tuple(image.shape), patch_size, num_patches)
    of_patches, z = [], []
    for row, column in said['patches']:
        patch = image[row : row + patch_size[0], column : column + patch_size[1]]
        features = resnet(patch, weights, 'detection_network.dn_resnet', (3, 4, 6, 3), (1, 1, 1, 1))
        of_patches.append(torch.sigmoid(F.conv2d(features, weights['detection_network.gn_conv_last.weight']))[0])
        z.append(torch.stack([channel.mean() for channel in features[0]]))
    said['A'] = of_patches
    said['S_l'] = paste(of_patches, said['patches'], patch_size, tuple(image.shape))
    said['S_c'] = (upsample(said['S_g'], tuple(said['S_l'].shape[1:])) + said['S_l']) / 2
    classes = range(len(of_patches[0]))
    together = [torch.cat([one[c].flatten() for one in of_patches]) for c in classes]
    said['y_l_concat'] = torch.tensor([top_mean(values, local_fraction) for values in together])
    if 'mil_attn_V.weight' in weights:
        alpha = gated_attention(z, weights)
        said['y_l_attention'] = torch.tensor(
            [sum(a * top_mean(one[c], local_fraction) for a, one in zip(alpha, of_patches)) for c in classes]
        )
        said['y_f'] = fuse(said['z_g'], alpha, z, weights)
    return said


def gmic(
    image: Tensor, weights: Weights, num_patches: int, patch_size: tuple[int, int] = (256, 256), fraction: float = 0.02
) -> dict[str, Tensor | list]:
    """Everything that GMIC says of a standardised image (H, W)."""
    last = resnet22(image[None, None], weights, 'ds_net')[2]
    saliency = torch.sigmoid(F.conv2d(last, weights['left_postprocess_net.gn_conv_last.weight']))[0]
    said = {
        'S_g': saliency,
        'y_g': torch.tensor([top_mean(of_class, fraction) for of_class in saliency]),
        'z_g': torch.stack([channel.max() for channel in last[0]]),
        'patches': select_patches(saliency, tuple(image.shape), patch_size, num_patches),
    }
    z = []
    for row, column in said['patches']:
        patch = image[row : row + patch_size[0], column : column + patch_size[1]]
        features = resnet(patch, weights, 'dn_resnet', (2, 2, 2, 2), (1, 2, 2, 2))
        z.append(torch.stack([channel.mean() for channel in features[0]]))
    alpha = gated_attention(z, weights)
    joined = sum(a * one for a, one in zip(alpha, z))
    said['y_l'] = torch.sigmoid(weights['classifier_linear.weight'] @ joined)
    said['y_f'] = fuse(said['z_g'], alpha, z, weights)
    return said


def fuse(z_g: Tensor, alpha: list[float], z: list[Tensor], weights: Weights) -> Tensor:
    """y_f; a layer without bias where ``weights`` have none."""
    joined = torch.cat([z_g, sum(a * one for a, one in zip(alpha, z))])
    return torch.sigmoid(weights['fusion_dnn.weight'] @ joined + weights.get('fusion_dnn.bias', torch.zeros(())))


def paste(
    maps: list[Tensor], origins: list[tuple[int, int]], patch_size: tuple[int, int], image_shape: tuple[int, int]
) -> Tensor:
    """S_l at the resolution of the patches' maps: pixel by pixel onto the image, later patches over earlier ones."""
    whole = torch.zeros(len(maps[0]), *image_shape)
    step = patch_size[0] // maps[0].shape[1]
    for saliency, (top, left) in zip(maps, origins):
        for row in range(patch_size[0]):
            for column in range(patch_size[1]):
                whole[:, top + row, left + column] = saliency[:, row // step, column // step]
    return whole[:, ::step, ::step]
