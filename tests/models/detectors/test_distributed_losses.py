"""Two processes train like one with the same breasts."""

import pytest
import torch

from tests.models.small_cases import LESION, NEGATIVE, SAME_LESION, UNANNOTATED, SmallView
from tests.models.two_processes import in_two_processes, losses_and_gradients

NO_SLICE = SmallView(3, [[5, 5, 20, 20], [20, 20, 33, 40]], slices=[-1, 1])
UNKNOWN = SmallView(3, malignant=float('nan'), annotated=False)

# Each situation: the breasts of the first process, and those of the second.
SITUATIONS = dict(
    uneven_findings=([(1, [LESION, SAME_LESION])], [(2, [NO_SLICE]), (3, [NEGATIVE])]),
    findings_in_one_process=([(1, [LESION])], [(2, [NEGATIVE, NEGATIVE])]),
    no_annotated_view_in_one_process=([(1, [LESION, SAME_LESION])], [(2, [UNANNOTATED])]),
    no_finding_anywhere=([(1, [NEGATIVE])], [(2, [NEGATIVE]), (3, [UNANNOTATED])]),
    no_label_in_one_process=([(1, [UNKNOWN])], [(2, [NEGATIVE, LESION])]),
)


@pytest.fixture(scope='module')
def two_processes(tmp_path_factory):
    """Results of both processes in every situation; starting processes is slow, so they start once."""
    batches = tuple([situation[rank] for situation in SITUATIONS.values()] for rank in range(2))
    first, second = in_two_processes(batches, tmp_path_factory.mktemp('two_processes'))
    return dict(zip(SITUATIONS, zip(first, second)))


@pytest.mark.parametrize('name', SITUATIONS)
def test_mean_over_two_processes_is_what_one_process_gives(two_processes, name):
    (expected,) = losses_and_gradients([[*SITUATIONS[name][0], *SITUATIONS[name][1]]])
    first, second = two_processes[name]
    for of_first, of_second, of_one in zip(first, second, expected):
        assert of_first.keys() == of_second.keys() == of_one.keys()
        for key, value in of_one.items():
            mean = (of_first[key] + of_second[key]) / 2
            torch.testing.assert_close(mean, value, rtol=1e-5, atol=1e-6, msg=lambda m, k=key: f'{k}: {m}')
