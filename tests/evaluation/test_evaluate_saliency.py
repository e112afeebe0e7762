from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mammo_plugins.commands.evaluate import main
from mammo_plugins.commands.report import main as report
from mammo_plugins.evaluation import ImageKey, PredictionsError
from mammo_plugins.evaluation.compare_saliency import compare_saliency
from mammo_plugins.evaluation.evaluate_saliency import evaluate_saliency, evaluate_saliency_subgroups
from mammo_plugins.evaluation.functional import PixelAveragePrecision, draw_patients, percentile_estimate
from mammo_plugins.evaluation.saliency_files import SaliencyMap, read_index, read_maps, write_index, write_map
from mammo_plugins.evaluation.saliency_frames import on_image_pixels
from mammo_plugins.evaluation.saliency_truth import truth_on_map
from mammo_plugins.io import AnnotationSet, FindingRecord, write_annotations

# Stored: 1000 x 2000 pixels. Network: mirrored, a quarter of the size. Map: 25 x 50, so 40 stored pixels each.
MIRRORED = np.array([[-0.25, 0, 250], [0, 0.25, 0], [0, 0, 1]])


def entry(view, file='a.png', category='malignant', patient='p0'):
    return SaliencyMap(ImageKey(patient, 's', view), category, file, (50, 25), (500.0, 250.0), MIRRORED)


@pytest.fixture(name='annotations')
def annotations_fixture(build_annotations):
    images = {'p0/s/lcc': 'malignant', 'p1/s/lcc': 'malignant', 'p2/s/lcc': '', 'p3/s/lcc': 'malignant'}
    findings = [
        (f'p{p}/s/lcc', (800, 400, 80, 160), 'malignant', 0, None) for p in (0, 1)
    ]  # columns 3 and 4 of the mirrored map, rows 10 to 13: 8 pixels
    return build_annotations(images, findings, num_slices=1, modality='FFDM')


@pytest.fixture(name='folder')
def folder_fixture(tmp_path):
    """p0: 4 of the 8 pixels and 4 beside; p1: nothing; p2 (normal): one pixel; p3 (no box): all."""
    maps = [np.zeros((50, 25)) for _ in range(4)]
    maps[0][12:16, 3:5] = 0.75
    maps[2][0, 0] = 1
    maps[3][:] = 1
    entries = [entry('lcc', f'{p}.png', patient=f'p{p}') for p in range(4)]
    for one, saliency in zip(entries, maps):
        write_map(tmp_path / 'maps', one, saliency)
    write_index(tmp_path / 'maps', entries)
    return tmp_path / 'maps'


def test_hand_worked_folder(folder, annotations):
    result = evaluate_saliency(folder, annotations)['malignant']
    values = {name: estimate.value for name, estimate in result.numbers.items()}
    assert values['dice'] == pytest.approx((0.5 + 0) / 2)
    assert values['iou'] == pytest.approx((4 / 12 + 0) / 2)
    assert values['ior'] == values['iogt'] == pytest.approx((0.5 + 0) / 2)
    assert values['TIoU'] == pytest.approx(3 / 7 / 2)  # 0.33 reaches .1, .2 and .3; the empty map none
    assert values['TIoR'] == pytest.approx(3 / 5 / 2)  # 0.5 reaches .1, .25 and .5
    assert (values['TIoR@0.5'], values['TIoR@0.75']) == (0.5, 0)
    assert values['pooled_dice'] == pytest.approx(2 * 4 / (8 + 16))
    assert values['pooled_iogt'] == pytest.approx(4 / 16)
    level = np.rint(0.75 * 65535) / 65535
    assert values['soft_dice'] == pytest.approx(2 * 4 * level / (8 * level**2 + 8) / 2)
    # p0: precision 1/2 for half the recall, then all 1,250 pixels; p1: all at once
    assert values['pxap_image'] == pytest.approx((0.5 * 0.5 + 0.5 * 8 / 1250 + 8 / 1250) / 2)
    # of all three images: 1 false pixel first, then 4 of 8 right, then everything
    assert values['pxap_dataset'] == pytest.approx(0.25 * 4 / 9 + 0.75 * 16 / 3750)
    assert result.counts['images_with_finding'] == 2
    assert result.counts['unannotated_images'] == 1


def test_pixels_of_all_images_are_resampled_by_patient(folder, annotations):
    found = evaluate_saliency(folder, annotations, bootstrap=40, seed=3)['malignant'].numbers['pxap_dataset']
    regions = [np.zeros((50, 25), bool) for _ in range(3)]  # p2 has no finding, p3 is left out
    regions[0][10:14, 3:5] = regions[1][10:14, 3:5] = True
    maps = dict(zip(('p0', 'p1', 'p2'), [saliency for _, saliency in read_maps(folder)]))
    replicates = []
    for counts in draw_patients(4, 40, np.random.default_rng(3)):
        precision = PixelAveragePrecision()
        for patient, (saliency, region) in enumerate(zip(maps.values(), regions)):
            for _ in range(int(counts[patient])):
                precision.update(saliency, region)
        replicates.append(precision.dataset_level())
    expected = percentile_estimate(found.value, np.asarray(replicates))
    assert 0 < found.low < found.value < found.high
    assert (found.low, found.high, found.standard_error) == pytest.approx(
        (expected.low, expected.high, expected.standard_error)
    )


def test_all_classes_have_the_interval_of_their_mean(folder, annotations):
    entries = read_index(folder)
    write_index(folder, [*entries, *(replace(one, category='any') for one in entries)])
    results = evaluate_saliency(folder, annotations, bootstrap=40)
    alone, both = (results[name].numbers['TIoU'] for name in ('malignant', 'all classes'))
    assert both.value == alone.value and (both.low, both.high) == (alone.low, alone.high) and alone.low < alone.high


def test_stored_pixels_count_with_the_value_of_their_cell(folder, annotations):
    """40 x 40 stored pixels a cell, and findings end at cells: shares of areas are those of cells, ranks likewise."""
    of_cells, of_pixels = (
        {
            name: one.value
            for name, one in evaluate_saliency(folder, annotations, grid=grid)['malignant'].numbers.items()
        }
        for grid in ('map', 'image')
    )
    assert of_pixels == pytest.approx(of_cells)


def test_map_that_reaches_a_part_of_its_image_is_0_elsewhere():
    crop = np.array([[0.5, 0, -10], [0, 0.5, -5], [0, 0, 1]])  # of 12 x 8 network pixels from stored (20, 10) on
    part = replace(entry('lcc'), shape=(2, 3), covered=(8.0, 12.0), homography=crop)
    values = np.arange(1, 7).reshape(2, 3) / 10
    placed, found = on_image_pixels(part, values, (40, 60))
    expected = np.zeros((40, 60))
    expected[10:26, 20:44] = np.kron(values, np.ones((8, 8)))
    np.testing.assert_array_equal(found, expected)
    assert placed.shape == (40, 60) and placed.stored_points()[0][0, 0] == 0.5
    finer = np.kron(values, np.ones((4, 4)))
    same = replace(part, shape=finer.shape)
    np.testing.assert_array_equal(on_image_pixels(same, finer, (40, 60))[1], expected)


def test_command_scores_and_compares_on_stored_pixels(folder, annotations, tmp_path, capsys):
    write_annotations(tmp_path / 'ann.json', annotations)
    how = ['--ann', str(tmp_path / 'ann.json'), '--map-grid', 'image', '--json', str(tmp_path / 'out.json')]
    assert main([str(folder), *how]) == 0
    written = json.loads((tmp_path / 'out.json').read_text())
    value = evaluate_saliency(folder, annotations, grid='image')['malignant'].numbers['soft_dice'].value
    assert written['settings']['grid'] == 'image'
    assert written['results']['malignant']['metrics']['soft_dice']['value'] == pytest.approx(value)
    assert main(['--compare', str(folder), str(folder), *how, '--bootstrap', '2']) == 0
    assert json.loads((tmp_path / 'out.json').read_text())['settings']['grid'] == 'image'
    (tmp_path / 'boxes.csv').write_text('PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score\n')
    assert main([str(tmp_path / 'boxes.csv'), *how]) == 2
    assert '--map-grid goes with saliency maps' in capsys.readouterr().err


def test_turned_maps_and_unknown_grids_are_refused(folder, annotations):
    turned = replace(entry('lcc'), homography=np.array([[0, 1.0, 0], [1, 0, 0], [0, 0, 1]]))
    with pytest.raises(PredictionsError, match='is turned'):
        on_image_pixels(turned, np.zeros((50, 25)), (100, 100))
    with pytest.raises(ValueError, match="unknown grid 'pixels'"):
        evaluate_saliency(folder, annotations, grid='pixels')


def test_overlaps_agree_with_monai(folder, annotations):
    monai, torch = pytest.importorskip('monai.metrics'), pytest.importorskip('torch')
    (first, saliency), *_ = read_maps(folder)
    image = annotations.images[0]
    region = truth_on_map(first, annotations.findings_of(image.id), image)
    tensors = [torch.tensor(array[None, None].astype(np.float32)) for array in (saliency >= 0.5, region)]
    single = AnnotationSet([image], annotations.findings_of(image.id))
    numbers = evaluate_saliency(folder, single, lenient=True)['malignant'].numbers
    assert numbers['dice'].value == pytest.approx(float(monai.compute_dice(*tensors)))
    assert numbers['iou'].value == pytest.approx(float(monai.compute_iou(*tensors)))


def test_outline_counts_where_there_is_one(annotations):
    image = annotations.images[0]
    triangle = FindingRecord(image.id, 'malignant', (0, 0, 400, 400), segmentation=[[0.0, 0.0, 400.0, 0.0, 0.0, 400.0]])
    region = truth_on_map(entry('lcc'), [triangle], image)
    stored = region[:, ::-1]  # back from the mirror; 10 x 10 pixels lie in the box
    assert stored[:10, :10].sum() == pytest.approx(50, abs=5) and stored.sum() == stored[:10, :10].sum()
    assert stored[0, 0] and not stored[9, 9]


def test_maps_come_back_within_half_a_level(tmp_path):
    saliency = np.random.default_rng(0).random((50, 25))
    write_map(tmp_path, entry('lcc'), saliency)
    write_index(tmp_path, [entry('lcc')])
    ((found, after),) = read_maps(tmp_path)
    assert np.abs(after - saliency).max() <= 0.5 / 65535 + 1e-12
    assert (found.key, found.shape, found.covered) == (ImageKey('p0', 's', 'lcc'), (50, 25), (500, 250))
    np.testing.assert_array_equal(found.homography, MIRRORED)


def test_bad_maps_are_refused(tmp_path, folder, annotations):
    with pytest.raises(PredictionsError, match=r'must lie in \[0, 1\]'):
        write_map(tmp_path, entry('lcc'), np.full((50, 25), np.nan))
    with pytest.raises(PredictionsError, match='has no index.csv'):
        evaluate_saliency(tmp_path, annotations)
    Image.fromarray(np.zeros((50, 25), np.uint8)).save(folder / '0.png')
    with pytest.raises(PredictionsError, match='not 16 bits'):
        evaluate_saliency(folder, annotations)
    (folder / '0.png').unlink()
    with pytest.raises(PredictionsError, match='is no readable PNG'):
        evaluate_saliency(folder, annotations)


def test_map_outside_the_folder_or_listed_twice_is_refused(tmp_path):
    write_index(tmp_path, [replace(entry('lcc'), file='../a.png')])
    with pytest.raises(PredictionsError, match='must lie in the folder'):
        read_index(tmp_path)
    write_index(tmp_path, [entry('lcc'), entry('lcc')])
    with pytest.raises(PredictionsError, match='line 3: a second map'):
        read_index(tmp_path)


def test_command_gives_the_same_numbers(folder, annotations, tmp_path, capsys):
    write_annotations(tmp_path / 'ann.json', annotations)
    arguments = [str(folder), '--ann', str(tmp_path / 'ann.json'), '--bootstrap', '10']
    assert main([*arguments, '--json', str(tmp_path / 'out.json')]) == 0
    stored = json.loads((tmp_path / 'out.json').read_text())['results']['malignant']['metrics']
    expected = evaluate_saliency(folder, annotations, bootstrap=10)['malignant'].numbers
    assert stored == {name: estimate.as_dict() for name, estimate in expected.items()}
    assert 'TIoU' in capsys.readouterr().out
    assert main([*arguments, '--protocol', 'mm3d']) == 2
    assert report([*arguments, '--out', str(tmp_path / 'report.html')]) == 0
    assert f'{expected["TIoU"].value:.3f}' in (tmp_path / 'report.html').read_text()


def better_folder(folder, tmp_path):
    """The maps of the folder, with that of p1 exactly right and twice as fine."""
    entries = read_index(folder)
    maps = {one.key.patient_id: saliency for one, saliency in read_maps(folder)}
    fine = np.zeros((100, 50))
    fine[20:28, 6:10] = 1
    maps['p1'] = fine
    entries[1] = replace(entries[1], shape=(100, 50))
    for one in entries:
        write_map(tmp_path / 'better', one, maps[one.key.patient_id])
    write_index(tmp_path / 'better', entries)
    return tmp_path / 'better'


def test_groups_of_images_are_scored_alone(folder, annotations):
    named = [replace(i, manufacturer='A' if i.patient_id in ('p0', 'p2') else 'B') for i in annotations.images]
    grouped = AnnotationSet(named, annotations.findings, annotations.info)
    groups = evaluate_saliency_subgroups(folder, grouped, 'manufacturer', bootstrap=5)
    assert {name: group['malignant'].numbers['dice'].value for name, group in groups.items()} == {'A': 0.5, 'B': 0}
    assert {name: group['malignant'].counts['maps'] for name, group in groups.items()} == {'A': 2, 'B': 1}
    assert groups['B']['malignant'].counts['unannotated_images'] == 1
    with pytest.raises(ValueError, match="unknown subgroup 'size' of saliency maps"):
        evaluate_saliency_subgroups(folder, grouped, 'size')


def test_two_models_are_compared_on_the_same_images(folder, annotations, tmp_path):
    result = compare_saliency(folder, better_folder(folder, tmp_path), annotations, bootstrap=200, permutations=200)
    found = result['malignant'].differences
    dice = found['dice']
    assert (dice.first, dice.second, dice.difference) == (0.25, 0.75, 0.5)
    assert (dice.low, dice.high) == (0, 1)  # p1 drawn never, or twice
    assert found['pooled_iogt'].second == pytest.approx((4 + 32) / (8 + 32))
    precision = found['pxap_dataset']  # the exact map has everything of p1 first
    assert precision.first == pytest.approx(0.25 * 4 / 9 + 0.75 * 16 / 3750) and precision.first < precision.second
    assert precision.low < precision.difference < precision.high
    assert result['malignant'].permutation_p_values['dice'] == 1  # one patient differs: both exchanges are as far
    same = compare_saliency(folder, folder, annotations, bootstrap=10)['malignant']
    assert {difference.difference for difference in same.differences.values()} == {0}


def test_folders_that_share_no_map_cannot_be_compared(folder, annotations, tmp_path):
    other = replace(read_index(folder)[0], category='benign')
    write_map(tmp_path / 'other', other, np.zeros((50, 25)))
    write_index(tmp_path / 'other', [other])
    with pytest.raises(ValueError, match='no map of the same image and class'):
        compare_saliency(folder, tmp_path / 'other', annotations)


def test_commands_group_and_compare_at_a_threshold(folder, annotations, tmp_path, capsys):
    write_annotations(tmp_path / 'ann.json', annotations)
    truth, out = ['--ann', str(tmp_path / 'ann.json')], tmp_path / 'out.json'
    assert main([str(folder), *truth, '--by', 'view', '--threshold', '0.8', '--json', str(out)]) == 0
    assert json.loads(out.read_text())['results']['CC/malignant']['metrics']['dice']['value'] == 0
    assert 'CC: malignant' in capsys.readouterr().out
    better = better_folder(folder, tmp_path)
    arguments = ['--compare', str(folder), str(better), *truth, '--bootstrap', '20', '--json', str(out)]
    assert main([*arguments, '--threshold', '0.8']) == 0
    written = json.loads(out.read_text())
    assert written['results']['malignant']['differences']['dice']['second'] == 0.5
    assert written['settings']['threshold'] == 0.8 and 'pxap_dataset' in capsys.readouterr().out
    assert main(['--compare', str(folder), str(out), *truth]) == 2
    assert 'a folder of maps goes with another one only' in capsys.readouterr().err
