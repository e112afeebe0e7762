import pytest
import torch

from mammo_plugins.models.losses import batch_in_parts, count_loss_terms, global_average_factor
from tests.models.small_cases import LESION, NEGATIVE, UNANNOTATED, SmallView, make_cases

CPU = torch.device('cpu')


def test_count_of_one_process_is_its_own_normaliser():
    assert float(global_average_factor(torch.tensor(7), CPU, 'findings')) == 7.0


def test_nothing_to_count_divides_by_one():
    assert float(global_average_factor(0, CPU, 'findings')) == 1.0


def test_count_is_not_changed_in_place():
    count = torch.tensor(3.0)
    global_average_factor(count, CPU, 'findings').mul_(10)
    assert float(count) == 3.0


def test_no_gradient_flows_into_the_normaliser():
    assert not global_average_factor(torch.tensor(3.0, requires_grad=True), CPU, 'findings').requires_grad


def test_parts_of_a_batch_are_divided_by_its_counts():
    with batch_in_parts({'findings': 6, 'slices': 0}, 3):
        assert float(global_average_factor(1, CPU, 'findings')) == 2
        assert float(global_average_factor(5, CPU, 'slices')) == pytest.approx(1 / 3)  # held at 1, then divided
    assert float(global_average_factor(1, CPU, 'findings')) == 1


def test_terms_are_counted_from_the_annotations():
    mammogram = SmallView(1, boxes=[[1, 1, 9, 9], [20, 20, 30, 30]])
    no_slice = SmallView(4, boxes=[[1, 1, 9, 9]], slices=[-1])
    unknown = SmallView(2, malignant=float('nan'))
    cases = make_cases([[LESION, NEGATIVE], [UNANNOTATED], [mammogram, no_slice], [unknown]])
    assert count_loss_terms(cases, 5) == {'findings': 4, 'slices': 1, 'images': 5, 'breasts': 3}
    with pytest.raises(ValueError, match='a view has 2 findings and the detector 1 proposals'):
        count_loss_terms(cases, 1)
