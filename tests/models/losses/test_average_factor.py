import torch

from mammo_plugins.models.losses import global_average_factor

CPU = torch.device('cpu')


def test_count_of_one_process_is_its_own_normaliser():
    assert float(global_average_factor(torch.tensor(7), CPU)) == 7.0


def test_nothing_to_count_divides_by_one():
    assert float(global_average_factor(0, CPU)) == 1.0


def test_count_is_not_changed_in_place():
    count = torch.tensor(3.0)
    global_average_factor(count, CPU).mul_(10)
    assert float(count) == 3.0


def test_no_gradient_flows_into_the_normaliser():
    assert not global_average_factor(torch.tensor(3.0, requires_grad=True), CPU).requires_grad
