"""Draws, images and writes one patient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless

from .acquisition import Projections, acquire, expose_mammogram, tube_tangents
from .anatomy import BodySize, BreastAnatomy, sample_breast
from .bcs_dbt_release import FindingRow, ImageRow, NormalRow, ReleaseBox
from .compression import CompressedView, compress
from .dicom_identity import ImageIdentity
from .dicom_writer import write_mammogram, write_tomosynthesis
from .findings import sample_findings
from .ground_truth import StoredOrientation, ViewTruth, describe_finding
from .lesion_rendering import LesionPatch, render_finding
from .pixel_grid import PixelGrid
from .presentation import present_projection, present_slice, tissue_window
from .reconstruction import SyntheticMammogram, filter_projections, reconstruct_slices, synthesize
from .release_plan import BreastPlan, PatientPlan
from .settings import PhantomSettings
from .symmetry import resembling_breast
from .synthetic_grid import scale_truth, synthetic_grid
from .tissue import ViewTissue
from .vendor_style import vendor_style
from .visibility import Scene, sample_scene

_VIEWS = ('CC', 'MLO')
_MODALITIES = ('FFDM', 'DBT', 'SM')
_TWINS, _TWIN_SERIES = 'without-findings', 100
_ACTIONABLE_SHARE = 0.1
"""Share of the breasts without findings that the labels call actionable: recalled, but never biopsied."""


@dataclass
class PatientRecord:
    """Table rows of one patient."""

    images: list[ImageRow] = field(default_factory=list)
    findings: list[FindingRow] = field(default_factory=list)
    boxes: list[ReleaseBox] = field(default_factory=list)
    normals: list[NormalRow] = field(default_factory=list)
    actionable: set[tuple[str, str]] = field(default_factory=set)


def write_patient(folder: Path, settings: PhantomSettings, seed: int, plan: PatientPlan) -> PatientRecord:
    """Draws, images and writes one patient of a release into ``folder``."""
    body_seed, *breast_seeds = plan.seeds.spawn(3)
    body = BodySize.sample(np.random.default_rng(body_seed))
    record, first = PatientRecord(), None
    for breast, breast_seed in zip(plan.breasts, breast_seeds):
        first = _BreastWriter(folder, settings, seed, plan, breast, record).write(breast_seed, body, first)
    return record


class _BreastWriter:
    """Generates both views of one breast and notes them in the patient's record."""

    def __init__(
        self,
        folder: Path,
        settings: PhantomSettings,
        seed: int,
        plan: PatientPlan,
        breast: BreastPlan,
        record: PatientRecord,
    ) -> None:
        self.folder, self.settings, self.seed, self.plan = folder, settings, seed, plan
        self.breast, self.record = breast, record
        self.vendor = vendor_style(plan.vendor).spread(settings.vendor_spread)

    def write(self, seeds: np.random.SeedSequence, body: BodySize, first: BreastAnatomy | None = None) -> BreastAnatomy:
        """Images one breast in both views and all modalities, and writes the files.

        Args:
            seeds: of the breast.
            body: of the patient.
            first: the patient's other breast, where it was written before.
        """
        anatomy_seed, finding_seed, label_seed, *view_seeds = seeds.spawn(5)
        anatomy_rng = np.random.default_rng(anatomy_seed)
        anatomy = sample_breast(anatomy_rng, body, self.plan.density)
        if first is not None and self.settings.symmetry.mirrored:
            anatomy = resembling_breast(first, anatomy, self.settings.symmetry, anatomy_rng)
        views = [compress(anatomy, position, self.settings.imaging) for position in _VIEWS]
        findings = sample_findings(
            np.random.default_rng(finding_seed),
            anatomy,
            views,
            list(self.breast.malignancies),
            self.settings.finding,
            f'{self.plan.patient_id}-{self.breast.laterality}',
        )
        label_rng = np.random.default_rng(label_seed)
        self.birads = self._sample_birads(label_rng)
        if grades := [finding.birads[0] for finding in findings if finding.birads is not None]:
            self.birads = max(grades if len(grades) == len(findings) else [*grades, self.birads])
        if not self.breast.malignancies and label_rng.uniform() < _ACTIONABLE_SHARE:
            self.record.actionable.add((self.plan.patient_id, self.breast.laterality.lower()))
        for view, view_seed in zip(views, view_seeds):
            self._write_view(view, [render_finding(finding, view) for finding in findings], view_seed)
        return anatomy

    def _sample_birads(self, rng: np.random.Generator) -> str:
        options = ('4', '5') if self.breast.malignant else ('2', '3') if self.breast.benign else ('1', '2')
        if self.settings.symmetry.mirrored and not self.breast.malignancies:
            options = ('1', '1')
        return options[int(rng.integers(2))]

    def _write_view(self, view: CompressedView, patches: list[LesionPatch], seed: np.random.SeedSequence) -> None:
        """Images a view as FFDM, DBT and SM; now and then the tomosynthesis is repeated."""
        tissue_seed, quirk_seed, *exposure_seeds, visibility_seed = seed.spawn(5)
        tissue_rng = np.random.default_rng(tissue_seed)
        tissue = ViewTissue(view, self.settings.imaging, tissue_rng)
        scene = sample_scene(view, patches, self.settings, tissue_rng, np.random.default_rng(visibility_seed))
        quirks, chance = self.settings.quirks, np.random.default_rng(quirk_seed).uniform(size=4)
        name = f'{self.breast.laterality}{view.position}'.lower()
        names = [name] + ([f'{name}{1 + int(chance[3] < 0.5)}'] if chance[0] < quirks.repeated_view_share else [])
        tangent = float(tube_tangents(self.vendor).max())
        truths = [describe_finding(patch, view, tangent, self.settings.finding.visible_contrast) for patch in patches]
        for repeat, view_name in enumerate(names):
            rng = np.random.default_rng(exposure_seeds[repeat])
            projections = acquire(tissue, scene, self.settings.imaging, self.vendor, rng)
            synthetic = self._write_dbt(
                view,
                truths,
                view_name,
                projections,
                rotated=repeat == 0 and chance[1] < quirks.wrong_laterality_share,
                spacing_known=self.settings.imaging.placed or chance[2] >= quirks.missing_spacing_share,
            )
            if repeat == 0:
                self._write_flat(view, truths, view_name, 'FFDM', projections.mammogram)
                if patches and self.settings.symmetry.normal_twins:
                    twin_rng = np.random.default_rng(exposure_seeds[repeat])
                    window = tissue_window(projections.mammogram, view)
                    self._write_twin(view, tissue, scene, view_name, window, twin_rng)
                if projections.synthetic is not projections.tomosynthesis:
                    exact = self.settings.imaging.exact_shifts
                    synthetic = synthesize(projections.synthetic, projections.tangents, view, exact)
                self._write_flat(view, truths, view_name, 'SM', synthetic)

    def _write_dbt(
        self,
        view: CompressedView,
        truths: list[ViewTruth],
        view_name: str,
        projections: Projections,
        rotated: bool,
        spacing_known: bool,
    ) -> np.ndarray:
        """Reconstructs and writes a volume slice by slice; gives the synthetic mammogram."""
        imaging, synthetic = self.settings.imaging, SyntheticMammogram()
        filtered = filter_projections(projections.tomosynthesis, projections.tangents, view)
        orientation = StoredOrientation(self.breast.laterality == 'R', rotated)

        def frames() -> Iterator[np.ndarray]:
            for slice_image in reconstruct_slices(filtered, projections.tangents, view, imaging.exact_shifts):
                synthetic.add(slice_image)
                yield orientation.turn(present_slice(slice_image, view, self.vendor))

        identity = self._identity(view, view_name, 'DBT', orientation)
        slices = len(view.slice_z_mm)
        compressed = self.vendor.code in imaging.jpeg2000_vendors
        syntax = JPEG2000Lossless if compressed else ExplicitVRLittleEndian
        write_tomosynthesis(
            self._path(identity),
            frames(),
            slices,
            identity,
            self._grid(view),
            self.vendor,
            spacing_known,
            syntax,
            imaging.placed,
        )
        self._note(view, self._grid(view), truths, view_name, 'DBT', identity, orientation, slices)
        return synthetic.image()

    def _write_flat(
        self, view: CompressedView, truths: list[ViewTruth], view_name: str, modality: str, image: np.ndarray
    ) -> None:
        orientation = StoredOrientation(self.breast.laterality == 'R')
        identity = self._identity(view, view_name, modality, orientation)
        pixels, grid = present_projection(image, view, self.vendor), self._grid(view)
        if modality == 'SM':
            grid = synthetic_grid(grid, self.vendor.synthetic_scale)
            pixels = cv2.resize(pixels, (grid.columns, grid.rows), interpolation=cv2.INTER_AREA)
        write_mammogram(self._path(identity), orientation.turn(pixels), identity, grid, self.vendor, modality == 'SM')
        self._note(view, grid, truths, view_name, modality, identity, orientation, 1)

    def _write_twin(
        self,
        view: CompressedView,
        tissue: ViewTissue,
        scene: Scene,
        view_name: str,
        window: tuple[float, float],
        rng: np.random.Generator,
    ) -> None:
        """Writes the mammogram as it would be without the findings, with the same exposure and window."""
        patches = [patch for patch in scene.ffdm if not patch.finding.finding_id]
        image = expose_mammogram(tissue, patches, self.settings.imaging, self.vendor, rng)
        orientation = StoredOrientation(self.breast.laterality == 'R')
        identity = self._identity(view, view_name, 'FFDM', orientation)
        twin = replace(identity, series_number=identity.series_number + _TWIN_SERIES)
        path = self.folder / _TWINS / self._path(twin).relative_to(self.folder)
        pixels = orientation.turn(present_projection(image, view, self.vendor, window))
        write_mammogram(path, pixels, twin, self._grid(view), self.vendor, synthetic=False)
        own_path, twin_path = (p.relative_to(self.folder).as_posix() for p in (self._path(identity), path))
        self.record.normals.append(NormalRow(self.plan.patient_id, self.plan.study_id, view_name, own_path, twin_path))

    def _identity(
        self, view: CompressedView, view_name: str, modality: str, orientation: StoredOrientation
    ) -> ImageIdentity:
        """Header identity; a rotated volume claims the side that its pixels seem to show."""
        side = self.breast.laterality
        place = 10 * (2 * (side == 'R') + _VIEWS.index(view.position)) + _MODALITIES.index(modality)
        return ImageIdentity(
            patient_id=self.plan.patient_id,
            study_id=self.plan.study_id,
            laterality={'L': 'R', 'R': 'L'}[side] if orientation.rotated_180 else side,
            position=view.position,
            mirrored=orientation.mirrored != orientation.rotated_180,
            series_number=1 + place + (3 if view_name[-1].isdigit() else 0),
            seed=self.seed,
        )

    def _path(self, identity: ImageIdentity) -> Path:
        return self.folder / identity.patient_id / identity.study_uid / identity.series_uid / '1-1.dcm'

    def _grid(self, view: CompressedView) -> PixelGrid:
        return PixelGrid(*view.skin_distance_mm.shape, view.pixel_mm, view.thickness_mm)

    def _note(
        self,
        view: CompressedView,
        grid: PixelGrid,
        truths: list[ViewTruth],
        view_name: str,
        modality: str,
        identity: ImageIdentity,
        orientation: StoredOrientation,
        slices: int,
    ) -> None:
        """Adds an image and, unless they are withheld, its findings to the record."""
        plan, height, width = self.plan, grid.rows, grid.columns
        path = self._path(identity).relative_to(self.folder)
        self.record.images.append(
            ImageRow(
                plan.patient_id,
                plan.study_id,
                view_name,
                modality,
                path.as_posix(),
                plan.split,
                width,
                height,
                slices,
                int(orientation.rotated_180),
                self.vendor.manufacturer,
                int(self.breast.malignant),
                int(self.breast.benign),
                self.birads,
                plan.density,
                int(self.breast.annotated),
                *self._stored_points(view, grid, orientation),
            )
        )
        for number, truth in enumerate(truths if self.breast.annotated else (), start=1):
            mask_path = path.with_name(f'mask-{number}.png')
            mask, box_xywh = scale_truth(truth, height, width)
            cv2.imwrite(str(self.folder / mask_path), orientation.turn(mask).astype(np.uint8) * 255)
            box = orientation.turn_box(box_xywh, width, height)
            self.record.findings.append(self._finding_row(truth, view_name, modality, box, mask_path))
            if modality == 'DBT':
                upright = StoredOrientation(orientation.mirrored).turn_box(truth.box_xywh, width, height)
                self.record.boxes.append(self._release_box(truth, view_name, upright, slices))

    def _stored_points(self, view: CompressedView, grid: PixelGrid, orientation: StoredOrientation) -> list[float]:
        """x and y of the nipple and of two points of the chest wall, in stored pixels."""
        points_mm = np.reshape([*view.nipple_mm, *view.chest_wall_mm], (-1, 2))
        points = [orientation.turn_box((x, y, 0, 0), grid.columns, grid.rows)[:2] for x, y in points_mm / grid.pixel_mm]
        return np.round(points, 2).ravel().tolist()

    def _finding_row(
        self, truth: ViewTruth, view_name: str, modality: str, box_xywh: tuple[float, ...], mask_path: Path
    ) -> FindingRow:
        in_volume = (truth.slice_index, truth.first_slice, truth.last_slice)
        return FindingRow(
            self.plan.patient_id,
            self.plan.study_id,
            view_name,
            modality,
            truth.finding.finding_id,
            'malignant' if truth.finding.malignant else 'benign',
            truth.finding.shape.kind,
            *(round(value, 2) for value in box_xywh),
            *(in_volume if modality == 'DBT' else (0, 0, 0)),
            mask_path.as_posix(),
            truth.finding.birads,
        )

    def _release_box(self, truth: ViewTruth, view_name: str, box_xywh: tuple[float, ...], slices: int) -> ReleaseBox:
        return ReleaseBox(
            self.plan.split,
            self.plan.patient_id,
            self.plan.study_id,
            view_name,
            truth.slice_index,
            box_xywh,
            truth.finding.malignant,
            truth.finding.shape.kind == 'distortion',
            slices,
        )
