"""GLAM, GMIC and CAM: labels of images in, probabilities and saliency maps out.

Glossary: B images of (H, W) pixels, C classes, K patches an image. S_g is the coarse saliency of whole images, S_l that
of patches, S_c both together; y are probabilities and z representations, with the same letters.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.model import BaseModel
from torch import Tensor

from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.structures.map_findings import MapFindings, store_map_findings
from mammo_plugins.structures.sample_predictions import (
    store_further_saliency,
    store_labels,
    store_patches,
    store_saliency,
)

from ..layers.own_padding import map_without_padding, own_shape, runs_of_one_size, single_slice_views
from ..layers.patch_selection import cut_patches
from .image_maps import MAPS_FROM, ImageOutput, repeat_cells, whole_maps

LABELS_FROM = ('global', 'local', 'fusion')


@MODELS.register_module()
class GlobalLocalClassifier(BaseModel):
    """A global module finds patches in whole images, a local module looks at them, a fusion module joins both.

    - With the global module alone it is step 1 of GLAM, or CAM, where that has one map.
    - With a frozen global module, a local one and ``ConcatenatedPatches`` it is step 3.
    - With ``AttendedPatches`` and a fusion module it is step 4.
    - With one map, ``AttendedRepresentation`` and a fusion module it is GMIC.

    Losses are those of the parts that there are and that learn, summed: L_g + L_l + L_f. Images have one slice each,
    and the labels are those of the images (``labels`` of the data set). Unknown labels (NaN) train nothing.

    Predicted are the labels (``pred_labels`` of each view), a map a class (``pred_saliency``), the patches that were
    looked at (``pred_patches``) with their attention where there is one and, on request, other maps
    (``pred_further_saliency``) and the regions of the maps as findings (``pred_instances``).

    Source: GLAM (Liu et al. 2021); GMIC (Shen et al. 2021); CAM (Zhou et al. 2016).

    Args:
        global_module: config of a ``GlobalModule``.
        local_module: config of a ``LocalModule``; None to have none of what follows.
        aggregation: config of what joins the patches of an image.
        fusion: config of a ``FusionModule``; None for none.
        patch_selection: config of what chooses patches by S_g.
        negative_selection: config of what chooses them in training where all labels of an image are 0; None for the
            same as elsewhere.
        label_names: names of the classes, in the order of the modules' channels.
        train_patches, test_patches: K in training, and M in prediction.
        freeze_global: leave the global module as it is, in evaluation mode.
        label_from: whose probabilities are predicted: ``global``, ``local`` or ``fusion``.
        map_from: which maps: S_g (``global``), S_l (``local``) or S_c (``combined``), which is S_g where there are no
            maps of patches.
        further_maps: which maps are predicted beside these, to be written and drawn; they are not scored.
        global_share: gamma_c, the part of S_g in S_c; the rest is that of S_l. One number, or one a class.
        map_cell: side in pixels of the cells of predicted maps; coarser maps repeat theirs. Maps are scored on their
            own cells, so models are compared on one grid, and a finding smaller than a cell is not lost. None for maps
            as fine as the finer of those of image and patches.
        map_findings: arguments of :class:`~mammo_plugins.structures.map_findings.MapFindings`, by which findings are
            taken from the maps; the data set's ``classes`` are then ``label_names``. None for no findings.
        loss_label: config of the loss of probabilities.
        loss_sparsity: config of the l1 norm of the maps.
        data_preprocessor: config; images must come standardised.
        init_cfg: as for every model of mmengine.

    Raises:
        ValueError: parts do not agree, or a number is out of range.
    """

    def __init__(
        self,
        global_module: dict,
        local_module: dict | None = None,
        aggregation: dict | None = None,
        fusion: dict | None = None,
        patch_selection: dict | None = None,
        negative_selection: dict | None = None,
        label_names: Sequence[str] = ('benign', 'malignant'),
        train_patches: int = 6,
        test_patches: int = 1,
        freeze_global: bool = False,
        label_from: str = 'global',
        map_from: str = 'combined',
        further_maps: Sequence[str] = (),
        global_share: float | Sequence[float] = 0.5,
        map_cell: int | None = None,
        map_findings: dict | None = None,
        loss_label: dict | None = None,
        loss_sparsity: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        # Built here, since mmengine's model looks in its own registry only.
        super().__init__(MODELS.build(data_preprocessor or dict(type='PerImageDataPreprocessor')), init_cfg)
        _check_parts(local_module, aggregation, patch_selection, fusion, label_from, map_from, freeze_global)
        _check_further(further_maps, map_from)
        shares = (global_share,) if isinstance(global_share, (int, float)) else tuple(global_share)
        if min(train_patches, test_patches, map_cell or 1) < 1 or len(shares) not in (1, len(label_names)):
            raise ValueError(f'out of range: {train_patches=}, {test_patches=}, {map_cell=}, {global_share=}')
        if not all(0 <= share <= 1 for share in shares):
            raise ValueError(f'global_share lies between 0 and 1, got {global_share}')
        self.label_names, self.global_shares, self.map_cell = tuple(label_names), shares, map_cell
        self.train_patches, self.test_patches = train_patches, test_patches
        self.freeze_global, self.label_from, self.map_from = freeze_global, label_from, map_from
        self.further_maps = tuple(further_maps)
        self.map_findings = None if map_findings is None else MapFindings(**map_findings)
        self.global_module = MODELS.build(global_module)
        parts = dict(local_module=local_module, aggregation=aggregation, fusion=fusion,
                     patch_selection=patch_selection, negative_selection=negative_selection)  # fmt: skip
        for name, config in parts.items():
            setattr(self, name, None if config is None else MODELS.build(config))
        self.loss_label = MODELS.build(loss_label or dict(type='LabelCrossEntropyLoss'))
        self.loss_sparsity = None if loss_sparsity is None else MODELS.build(loss_sparsity)
        if 'local' in (map_from, *further_maps) and (local_module is None or self.local_module.head is None):
            raise ValueError(
                f'{map_from=}, {further_maps=}: patches need a local_module with num_classes, this gives no maps'
            )
        if freeze_global:
            self.global_module.requires_grad_(False)

    def train(self, mode: bool = True) -> GlobalLocalClassifier:
        """Sets the mode of what learns."""
        super().train(mode)
        if self.freeze_global:
            self.global_module.eval()
        return self

    def forward(
        self, inputs: Tensor, data_samples: Sequence[MammoCaseSample] | None = None, mode: str = 'tensor'
    ) -> ImageOutput | dict[str, Tensor] | Sequence[MammoCaseSample]:
        """What the modules say (``tensor``), losses (``loss``), or the samples with predictions (``predict``).

        Raises:
            ValueError: another mode.
        """
        if mode == 'tensor':
            return self.look(inputs, self.test_patches)
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise ValueError(f'mode is tensor, loss or predict, got {mode!r}')

    def look(self, images: Tensor, num_patches: int, is_negative: Tensor | None = None) -> ImageOutput:
        """Runs the modules.

        Args:
            images: (B, channels, H, W).
            num_patches: of each image.
            is_negative: (B,) whose patches ``negative_selection`` chooses.
        """
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.freeze_global):
            of_image = self.global_module(images)
        if self.local_module is None:
            return ImageOutput(of_image)
        choice = of_image.saliency.detach(), images.shape[-2:], num_patches
        origins = self.patch_selection(*choice)
        if self.negative_selection is not None and is_negative is not None:
            origins = torch.where(is_negative[:, None, None], self.negative_selection(*choice), origins)
        patches = cut_patches(images, origins, self.patch_selection.patch_size)
        maps, representations = self.local_module(patches.flatten(0, 1))
        maps = None if maps is None else maps.unflatten(0, origins.shape[:2])
        bag = self.aggregation(maps, representations.unflatten(0, origins.shape[:2]))
        fused = None if self.fusion is None else self.fusion(of_image.representation, bag.representation)
        return ImageOutput(of_image, origins, maps, bag, fused)

    def loss(self, inputs: Tensor, data_samples: Sequence[MammoCaseSample]) -> dict[str, Tensor]:
        """``loss_global``, ``loss_local``, ``loss_fusion``, and ``loss_global_l1``, ``loss_local_l1`` of the maps.

        Raises:
            ValueError: images of the batch differ in size, have several slices, or lack a label.
        """
        views = single_slice_views(inputs, data_samples)
        divisor = self.data_preprocessor.pad_size_divisor
        if any(own_shape(view, divisor) != tuple(inputs.shape[-2:]) for view in views):
            shapes = sorted({tuple(view.img_shape[:2]) for view in views})
            raise ValueError(
                f'images of a batch need one size in training, got (H, W) {shapes}: air would be pooled as if it were '
                'breast; let loading end with CutWindow'
            )
        labels = inputs.new_tensor([[self._label(view, name) for name in self.label_names] for view in views])
        found = self.look(inputs, self.train_patches, (labels == 0).all(dim=1))
        losses = {}
        if not self.freeze_global:
            losses['loss_global'] = sum(self.loss_label(one, labels) for one in found.of_image.predictions)
            losses |= self._sparsity('global', found.of_image.maps)
        if found.of_patches is not None:
            losses['loss_local'] = self.loss_label(found.of_patches.prediction, labels)
            losses |= self._sparsity('local', [] if found.patch_maps is None else [found.patch_maps])
        if found.fused is not None:
            losses['loss_fusion'] = self.loss_label(found.fused, labels)
        return losses

    def predict(self, inputs: Tensor, data_samples: Sequence[MammoCaseSample]) -> Sequence[MammoCaseSample]:
        """Sets labels, maps and findings of every view; each image is seen without its batch's padding.

        Raises:
            ValueError: an image has several slices.
        """
        views = single_slice_views(inputs, data_samples)
        for images, run in runs_of_one_size(inputs, views, self.data_preprocessor.pad_size_divisor):
            found = self.look(images, self.test_patches)
            for view, of_view in zip(run, self.probabilities(found).clamp(max=1), strict=True):
                store_labels(view, dict(zip(self.label_names, of_view, strict=True)))
            self._store_maps(run, found, images.shape[-2:])
            self._store_patches(run, found)
        if self.map_findings is not None:
            store_map_findings(data_samples, self.map_findings)
        return data_samples

    def probabilities(self, found: ImageOutput) -> Tensor:
        """(B, C) probabilities of the chosen module."""
        if self.label_from == 'fusion':
            return found.fused
        return found.of_image.prediction if self.label_from == 'global' else found.of_patches.prediction

    def saliency(self, found: ImageOutput, image_shape: Sequence[int], map_from: str | None = None) -> Tensor:
        """(B, C, h, w) maps, as fine as the finer of those of image and patches.

        Args:
            found: of :meth:`look`.
            image_shape: (H, W) of the images.
            map_from: which, ``self.map_from`` where None.
        """
        patch_height = 0 if self.patch_selection is None else self.patch_selection.patch_size[0]
        return whole_maps(found, image_shape, map_from or self.map_from, self.global_shares, patch_height)

    def _store_maps(self, views: Sequence[DetDataSample], found: ImageOutput, padded: Sequence[int]) -> None:
        """Gives views of (H, W) = ``padded`` their maps without the padding."""
        for name in (self.map_from, *self.further_maps):
            maps = repeat_cells(self.saliency(found, padded, name), padded[0], self.map_cell).clamp(max=1)
            for view, of_view in zip(views, maps, strict=True):
                own = map_without_padding(of_view, padded, view.img_shape[:2])
                of_classes = dict(zip(self.label_names, own, strict=True))
                if name == self.map_from:
                    store_saliency(view, of_classes)
                else:
                    store_further_saliency(view, name, of_classes)

    def _store_patches(self, views: Sequence[DetDataSample], found: ImageOutput) -> None:
        """Gives views their patches, in the order of their selection."""
        if found.origins is None:
            return
        height, width = self.patch_selection.patch_size
        corners = found.origins.flip(-1)  # x, y
        boxes = torch.cat([corners, corners + corners.new_tensor([width, height])], dim=-1)
        weights = found.of_patches.weights
        for index, view in enumerate(views):
            store_patches(view, boxes[index], None if weights is None else weights[index])

    def _sparsity(self, of: str, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        if self.loss_sparsity is None or not maps:
            return {}
        return {f'loss_{of}_l1': sum(self.loss_sparsity(one) for one in maps)}

    @staticmethod
    def _label(view: DetDataSample, name: str) -> float:
        if name not in view.get('gt_labels', {}):
            raise ValueError(f'image {view.image_id} has no label {name!r}: name it in labels of the data set')
        return view.gt_labels[name]


def _check_parts(
    local_module: dict | None,
    aggregation: dict | None,
    patch_selection: dict | None,
    fusion: dict | None,
    label_from: str,
    map_from: str,
    freeze_global: bool,
) -> None:
    if label_from not in LABELS_FROM or map_from not in MAPS_FROM:
        raise ValueError(
            f'label_from is one of {", ".join(LABELS_FROM)}, map_from of {", ".join(MAPS_FROM)}, got {label_from!r} '
            f'and {map_from!r}'
        )
    is_local = local_module is not None
    if is_local != (aggregation is not None) or is_local != (patch_selection is not None):
        raise ValueError('local_module, aggregation and patch_selection are given together or not at all')
    if fusion is not None and not is_local:
        raise ValueError('a fusion needs a local_module')
    if not is_local and (label_from == 'local' or map_from == 'local' or freeze_global):
        raise ValueError(f'without a local_module: {label_from=}, {map_from=}, {freeze_global=}')
    if label_from == 'fusion' and fusion is None:
        raise ValueError('label_from="fusion" needs a fusion')


def _check_further(further_maps: Sequence[str], map_from: str) -> None:
    others = [name for name in MAPS_FROM if name != map_from]
    if not set(further_maps) <= set(others) or len(set(further_maps)) < len(further_maps):
        raise ValueError(
            f'further_maps are some of {", ".join(others)} beside {map_from!r} of map_from, got {further_maps}'
        )
