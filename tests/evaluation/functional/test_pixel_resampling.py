"""Average precision over the pixels of drawn patients."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation.functional import PatientPixelCounts, PixelAveragePrecision


def make_maps(patients=5, size=(12, 10), levels=9, seed=0):
    """A map and a mask a patient; the last one has no finding."""
    rng = np.random.default_rng(seed)
    masks = rng.random((patients, *size)) < 0.2
    masks[-1] = False
    saliency = np.clip(rng.integers(levels, size=masks.shape) / (levels - 1) + 0.2 * masks, 0, 1)
    return saliency, masks


def fill(saliency, masks):
    counts = PatientPixelCounts()
    for patient, (values, mask) in enumerate(zip(saliency, masks)):
        counts.update(f'p{patient}', values, mask)
    return counts


def precision_of(saliency, masks, times):
    pooled = PixelAveragePrecision()
    for values, mask, number in zip(saliency, masks, times):
        for _ in range(number):
            pooled.update(values, mask)
    return pooled.dataset_level()


def test_replicate_is_the_number_of_its_patients():
    saliency, masks = make_maps()
    draws = np.array([[1, 1, 1, 1, 1], [2, 0, 1, 0, 2], [0, 0, 0, 4, 1]])
    names = [f'p{i}' for i in range(5)]
    resampled = fill(saliency, masks).resampled_precision(names, draws)
    assert resampled == pytest.approx([precision_of(saliency, masks, times) for times in draws], abs=1e-12)


def test_patients_without_a_finding_have_no_precision():
    resampled = fill(*make_maps()).resampled_precision([f'p{i}' for i in range(5)], np.array([[0, 0, 0, 0, 5]]))
    assert np.isnan(resampled).tolist() == [True]


def test_patient_without_a_map_has_no_pixels():
    saliency, masks = make_maps()
    counts = fill(saliency, masks)
    names = ['nobody', *(f'p{i}' for i in range(5))]
    assert counts.resampled_precision(names, np.array([[3, 1, 1, 1, 1, 1]])) == pytest.approx(
        counts.resampled_precision(names[1:], np.array([[1, 1, 1, 1, 1]]))
    )


@pytest.mark.parametrize(('num_bins', 'tolerance'), [(500, 6e-3), (4096, 1e-3)])
def test_shared_bins_change_little(num_bins, tolerance):
    saliency, masks = make_maps(size=(60, 60), levels=50000)
    draws = np.array([[1, 1, 1, 1, 1], [2, 0, 1, 0, 2]])
    exact = [precision_of(saliency, masks, times) for times in draws]
    resampled = fill(saliency, masks).resampled_precision([f'p{i}' for i in range(5)], draws, num_bins)
    assert resampled == pytest.approx(exact, abs=tolerance)


def test_two_images_of_a_patient_come_together():
    saliency, masks = make_maps(patients=3)
    counts = PatientPixelCounts()
    for patient, values, mask in zip(('a', 'a', 'b'), saliency, masks):
        counts.update(patient, values, mask)
    assert counts.resampled_precision(['a', 'b'], np.array([[2, 1]])) == pytest.approx(
        [precision_of(saliency, masks, (2, 2, 1))]
    )
