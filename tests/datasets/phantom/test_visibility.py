"""What FFDM and synthetic mammogram show differently."""

from dataclasses import replace

import numpy as np
import pytest

from mammo_plugins.datasets.phantom.acquisition import acquire
from mammo_plugins.datasets.phantom.findings import FindingShape
from mammo_plugins.datasets.phantom.generate import generate_release
from mammo_plugins.datasets.phantom.lesion_rendering import render_finding
from mammo_plugins.datasets.phantom.reconstruction import synthesize
from mammo_plugins.datasets.phantom.settings import PhantomSettings, VisibilitySettings, read_preset
from mammo_plugins.datasets.phantom.tissue import ViewTissue
from mammo_plugins.datasets.phantom.vendor_style import vendor_style
from mammo_plugins.datasets.phantom.visibility import Scene, sample_scene

VENDOR = vendor_style('C')


@pytest.fixture(scope='module')
def images(views, imaging):
    """FFDM and SM of patches, without noise."""
    imaging = replace(imaging, ffdm_noise=0.0, dbt_noise=0.0)
    view = views['CC']
    tissue = ViewTissue(view, imaging, np.random.default_rng(0))

    def make(scene: Scene) -> dict[str, np.ndarray]:
        seen = acquire(tissue, scene, imaging, VENDOR, np.random.default_rng(1))
        return {'FFDM': seen.mammogram, 'SM': synthesize(seen.synthetic, seen.tangents, view, True)}

    return make


def scene_of(view, patches, **visibility) -> Scene:
    settings = PhantomSettings(visibility=VisibilitySettings(**visibility))
    settings = replace(settings, finding=replace(settings.finding, superpositions=0.0))
    return sample_scene(view, patches, settings, np.random.default_rng(0), np.random.default_rng(1))


def contrast(images, with_finding: Scene, without: Scene, patch, modality: str) -> float:
    rows, columns = patch.silhouette.shape
    near = np.s_[patch.top : patch.top + rows, patch.left : patch.left + columns]
    difference = images(with_finding)[modality][near] - images(without)[modality][near]
    return float(difference[patch.silhouette].mean())


@pytest.mark.parametrize(
    ('shape', 'changes', 'weaker', 'same'),
    [
        (FindingShape.FINE_CALCIFICATIONS, dict(sm_calcification_contrast=0.4), 'SM', 'FFDM'),
        (FindingShape.COARSE_CALCIFICATIONS, dict(sm_calcification_contrast=0.4), 'SM', 'FFDM'),
        (FindingShape.OVAL, dict(sm_plain_mass_contrast=0.4), 'SM', 'FFDM'),
        (FindingShape.IRREGULAR, dict(sm_plain_mass_contrast=0.4), 'SM', 'FFDM'),
    ],
)
def test_finding_loses_its_contrast_in_one_modality_only(views, images, make_finding, shape, changes, weaker, same):
    patch = render_finding(make_finding(shape), views['CC'])
    plain, changed = scene_of(views['CC'], [patch]), scene_of(views['CC'], [patch], **changes)
    empty = Scene.uniform([])
    ratios = {
        modality: contrast(images, changed, empty, patch, modality) / contrast(images, plain, empty, patch, modality)
        for modality in (weaker, same)
    }
    assert ratios[weaker] == pytest.approx(0.4, abs=0.06)
    assert ratios[same] == pytest.approx(1.0)


@pytest.mark.parametrize('shape', [FindingShape.SPICULATED, FindingShape.DISTORTION])
def test_spicules_and_distortions_keep_their_contrast_in_the_sm(views, make_finding, shape):
    patch = render_finding(make_finding(shape), views['CC'])
    scene = scene_of(views['CC'], [patch], sm_plain_mass_contrast=0.1, sm_calcification_contrast=0.1)
    assert scene.sm == [patch]


def test_covered_mass_is_weaker_in_ffdm_than_in_sm(views, images, make_finding):
    view = views['CC']
    patch = render_finding(make_finding(FindingShape.SPICULATED), view)
    scene = scene_of(view, [patch], covered_masses=1.0, ffdm_covered_contrast=0.3)
    covers = [one for one in scene.dbt if one is not patch]
    assert len(covers) > 1
    ratios = {
        modality: contrast(images, scene, Scene.uniform(covers), patch, modality)
        / contrast(images, Scene.uniform([*covers, patch]), Scene.uniform(covers), patch, modality)
        for modality in ('FFDM', 'SM')
    }
    assert ratios['FFDM'] == pytest.approx(0.3, abs=0.06)
    assert ratios['SM'] == pytest.approx(1.0)


def test_only_masses_are_covered(views, make_finding):
    patch = render_finding(make_finding(FindingShape.FINE_CALCIFICATIONS), views['CC'])
    scene = scene_of(views['CC'], [patch], covered_masses=1.0, ffdm_covered_contrast=0.3)
    assert scene.dbt == scene.ffdm == scene.sm == [patch]


@pytest.mark.parametrize('name', ['sm_pseudo_distortions', 'sm_pseudo_calcifications'])
def test_pseudo_findings_stand_in_the_sm_only_and_away_from_findings(views, images, make_finding, name):
    view = views['MLO']
    patch = render_finding(make_finding(), view)
    scene = scene_of(view, [patch], **{name: 5.0})
    pseudo = [one for one in scene.sm if one is not patch]
    assert len(pseudo) > 1 and scene.ffdm == scene.dbt == [patch]
    rows, columns = patch.silhouette.shape
    for one in pseudo:
        height, width = one.silhouette.shape
        row, column = one.top + height // 2 - patch.top, one.left + width // 2 - patch.left
        assert not (2 < row < rows - 2 and 2 < column < columns - 2)


def test_mean_number_of_pseudo_findings(views):
    settings = PhantomSettings(visibility=VisibilitySettings(sm_pseudo_calcifications=0.5))
    settings = replace(settings, finding=replace(settings.finding, superpositions=0.0))
    counts = [
        len(sample_scene(views['CC'], [], settings, np.random.default_rng(0), np.random.default_rng(seed)).sm)
        for seed in range(60)
    ]
    assert 0.25 < np.mean(counts) < 0.8


def test_sm_settings_leave_every_other_file_as_it_is(tmp_path, imaging):
    plain = replace(read_preset('demo'), imaging=replace(imaging, rows=64, columns=48, slices=6))
    changed = replace(plain, visibility=VisibilitySettings(sm_plain_mass_contrast=0.2, sm_pseudo_distortions=2.0))
    for name, settings in (('plain', plain), ('changed', changed)):
        generate_release(tmp_path / name, settings, cases=2, seed=3, split_shares=(0.5, 0.25, 0.25))
    differing = {
        path.relative_to(tmp_path / 'plain')
        for path in (tmp_path / 'plain').rglob('*.dcm')
        if path.read_bytes() != (tmp_path / 'changed' / path.relative_to(tmp_path / 'plain')).read_bytes()
    }
    table = (tmp_path / 'plain' / 'phantom-images.csv').read_text().splitlines()
    synthetic = {line for line in table if ',SM,' in line}
    assert differing and all(any(path.as_posix() in line for line in synthetic) for path in differing)


@pytest.mark.parametrize(
    'changes', [dict(sm_plain_mass_contrast=1.2), dict(covered_masses=-0.1), dict(sm_pseudo_distortions=-1)]
)
def test_impossible_settings_are_named(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        VisibilitySettings(**changes)
