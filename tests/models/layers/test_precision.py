import pytest
import torch

from mammo_plugins.models.layers import at_least_float32, in_full_precision


@pytest.mark.parametrize(
    ('given', 'expected'),
    [
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_only_half_precision_is_widened(given, expected):
    assert at_least_float32(torch.zeros(1, dtype=given)).dtype == expected


def test_output_layer_ignores_autocast():
    layer = torch.nn.Linear(8, 2)
    features = torch.randn(3, 8)
    expected = features @ layer.weight.T + layer.bias
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert layer(features).dtype == torch.bfloat16
        torch.testing.assert_close(in_full_precision(layer, features), expected)
        assert in_full_precision(layer, features.bfloat16()).dtype == torch.float32
