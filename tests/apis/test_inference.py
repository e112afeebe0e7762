import pytest
from torch import nn

from mammo_plugins.apis.inference import find_malignant_label


class Head(nn.Module):
    def __init__(self, malignant_class: int) -> None:
        super().__init__()
        self.malignant_class = malignant_class


@pytest.mark.parametrize(
    ('model', 'classes', 'label'),
    [
        (nn.Identity(), ['benign', 'malignant'], 1),
        (nn.Sequential(Head(1), Head(1)), ['calcification', 'mass'], 1),
        (nn.Identity(), ['mass'], 0),
    ],
)
def test_malignant_label_is_named_told_or_the_only_one(model, classes, label):
    assert find_malignant_label(model, classes) == label


@pytest.mark.parametrize('model', [nn.Identity(), Head(2), nn.Sequential(Head(0), Head(1))])
def test_label_that_nothing_tells_is_asked_for(model):
    with pytest.raises(ValueError, match='calcification, mass is called malignant.*set malignant_class in'):
        find_malignant_label(model, ['calcification', 'mass'])
