"""Slow, literal reference of M&M-3D's forward pass, written from the paper alone.

It follows Algorithm 1 step by step, one head, one view, one slice and one proposal at a time, with the slips of the
printed pseudo code corrected (each correction is marked `Corrected`). It shares no code with the implementation:
only `torch` primitives and `torchvision.ops.roi_align`.

Glossary: V views of one breast (1 or 2), S slices, N proposals, C classes, D hidden size.

Source: M&M-3D (Truong Vu et al., 2025), Eqs. 1-6 and Algorithm 1; Sparse R-CNN (Sun et al., 2021) for the modules that
Algorithm 1 takes over (self-attention, dynamic convolution, classification and regression modules).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torchvision.ops import roi_align

Tensor = torch.Tensor


@dataclass
class ReferenceView:
    """What one view gives the detector.

    Args:
        pyramid: One `(S, D, H_l, W_l)` tensor a pyramid level, finest first.
        image_size: `(height, width)` of the image in network pixels.
    """

    pyramid: list[Tensor]
    image_size: tuple[int, int]


@dataclass
class ReferenceHeadOutput:
    """What one head says about one view.

    Attributes:
        boxes: `(N, 4)` x1, y1, x2, y2 in network pixels (`b_i`).
        logits: `(N, C)` class logits of the fused feature (`m_i`).
        slice_logits: `(S, N)` malignancy logits of the slice features (`m_{i,s}`).
        slice_weights: `(S, N)` softmax over the slices (`w_{i,s}`).
        features: `(N, D)` fused features (`h_i`).
    """

    boxes: Tensor
    logits: Tensor
    slice_logits: Tensor
    slice_weights: Tensor
    features: Tensor


@dataclass
class ReferenceOutput:
    """Everything that Algorithm 1 returns for one breast, one list item a view.

    Attributes:
        heads: `heads[view][i]`, the outputs of every head.
        boxes_2d, boxes_score, boxes_z, slice_weights: Of the last head; `boxes_z` is `(N,)` slice indices.
        image_scores: Noisy-or malignancy of each view.
        breast_score: Mean of the image scores.
    """

    heads: list[list[ReferenceHeadOutput]]
    boxes_2d: list[Tensor] = field(default_factory=list)
    boxes_score: list[Tensor] = field(default_factory=list)
    boxes_z: list[Tensor] = field(default_factory=list)
    slice_weights: list[Tensor] = field(default_factory=list)
    image_scores: list[Tensor] = field(default_factory=list)
    breast_score: Tensor | None = None


class MM3DReference:
    """Algorithm 1 of the paper over a state dict.

    Args:
        weights: State dict of the detector.
        num_heads: Number of cascade heads.
        strides: Stride of every pyramid level in network pixels.
        finest_scale: Box size, in network pixels, below which the finest level is pooled.
        attention_heads: Heads of the self-attention.
        cross_attention_heads: Heads of the cross attention.
        roi_size: RoIAlign output size `k`.
        sampling_ratio: RoIAlign samples a bin and axis.
        malignant_class: Index of the malignancy channel.
    """

    box_stds = (0.5, 0.5, 1.0, 1.0)
    max_log_ratio = abs(math.log(16 / 1000))

    def __init__(
        self,
        weights: dict[str, Tensor],
        num_heads: int,
        strides: tuple[int, ...],
        finest_scale: float,
        attention_heads: int = 8,
        cross_attention_heads: int = 8,
        roi_size: int = 7,
        sampling_ratio: int = 2,
        malignant_class: int = 0,
    ) -> None:
        self.weights = weights
        self.num_heads = num_heads
        self.strides = strides
        self.finest_scale = finest_scale
        self.attention_heads = attention_heads
        self.cross_attention_heads = cross_attention_heads
        self.roi_size = roi_size
        self.sampling_ratio = sampling_ratio
        self.malignant_class = malignant_class

    # ------------------------------------------------------------------ Algorithm 1
    def forward(self, views: list[ReferenceView]) -> ReferenceOutput:
        """Run Algorithm 1 on the views of one breast, both views in lockstep."""
        b = [self.init_boxes(view.image_size) for view in views]
        h = [self.weights['rpn_head.init_proposal_features.weight'] for _ in views]  # Corrected: N x D, not N x 4
        output = ReferenceOutput(heads=[[] for _ in views])

        for i in range(self.num_heads):
            h_prime = [self.self_attention(i, h[v]) for v in range(len(views))]  # Eq. 1
            h_tilde = []
            for v in range(len(views)):
                if len(views) == 1:
                    h_tilde.append(h_prime[v])  # a missing view: nothing to attend to
                else:
                    alternative_view_features = h_prime[1 - v]
                    h_tilde.append(self.cross_attention(i, h_prime[v], alternative_view_features))  # Eq. 3
            for v, view in enumerate(views):
                head_output = self.refine_view(i, view, b[v], h_tilde[v])
                output.heads[v].append(head_output)
                h[v] = head_output.features
                b[v] = head_output.boxes.detach()  # Sparse R-CNN: no gradient through the boxes of the next head

        for v in range(len(views)):
            last = output.heads[v][-1]
            output.boxes_2d.append(last.boxes)
            output.boxes_score.append(last.logits)
            # Of equal weights the lowest slice, as docs/evaluation.md says.
            reaches = last.slice_weights >= 0.9999 * last.slice_weights.amax(dim=0)
            output.boxes_z.append(reaches.int().argmax(dim=0))
            output.slice_weights.append(last.slice_weights)
            output.image_scores.append(noisy_or(torch.sigmoid(last.logits[:, self.malignant_class])))
        output.breast_score = sum(output.image_scores) / len(views)
        return output

    def refine_view(self, i: int, view: ReferenceView, b: Tensor, h_tilde: Tensor) -> ReferenceHeadOutput:
        """Slice-level interaction, fusion and refinement of one view in head i (Eqs. 5 and 6)."""
        slice_h, slice_scores = [], []
        for s in range(view.pyramid[0].shape[0]):
            f_b_s = self.roi_align(view, s, b)  # Corrected: the slice index
            h_i_s = self.dynamic_conv(i, h_tilde, f_b_s)  # Eq. 5
            slice_h.append(h_i_s)
            m_i_s = self.classify(i, h_i_s)[:, self.malignant_class]  # Corrected: of h_i_s
            slice_scores.append(m_i_s)
        slice_scores = torch.stack(slice_scores)  # Corrected: stacked, so that gradients pass
        w = torch.exp(slice_scores) / torch.exp(slice_scores).sum(dim=0, keepdim=True)  # (S, N)
        h = torch.zeros_like(h_tilde)
        for s in range(len(slice_h)):
            h = h + w[s][:, None] * slice_h[s]  # Eq. 6
        return ReferenceHeadOutput(self.regress(i, h, b), self.classify(i, h), slice_scores, w, h)

    # ------------------------------------------------------------------ modules of Sparse R-CNN
    def init_boxes(self, image_size: tuple[int, int]) -> Tensor:
        """Learned (cx, cy, w, h) in parts of the image, as x1, y1, x2, y2 in pixels."""
        height, width = image_size
        rows = []
        for cx, cy, w, h in self.weights['rpn_head.init_proposal_bboxes.weight']:
            corners = [(cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height]
            rows.append(torch.stack(corners))
        return torch.stack(rows)

    def self_attention(self, i: int, h: Tensor) -> Tensor:
        """SelfAttn of Eq. 1: attention over the proposals of one view, residual, norm."""
        prefix = f'roi_head.bbox_head.{i}.attention'
        attended = self.attention(f'{prefix}.attn', self.attention_heads, h, h)
        return self.norm(f'{prefix}_norm', h + attended)

    def cross_attention(self, i: int, h: Tensor, alternative: Tensor) -> Tensor:
        """CrossAttn of Eq. 3: query from this view, key and value from the other, residual, norm."""
        prefix = f'roi_head.bbox_head.{i}.cross_view_attention'
        attended = self.attention(f'{prefix}.attention.attn', self.cross_attention_heads, h, alternative)
        return self.norm(f'{prefix}.norm', h + attended)

    def attention(self, name: str, num_heads: int, query: Tensor, key: Tensor) -> Tensor:
        """Multi-head scaled dot-product attention, one head and one query at a time."""
        size = query.shape[1]
        head_size = size // num_heads
        weight, bias = self.weights[f'{name}.in_proj_weight'], self.weights[f'{name}.in_proj_bias']
        q = query @ weight[:size].T + bias[:size]
        k = key @ weight[size : 2 * size].T + bias[size : 2 * size]
        v = key @ weight[2 * size :].T + bias[2 * size :]
        rows = []
        for n in range(query.shape[0]):
            parts = []
            for head in range(num_heads):
                part = slice(head * head_size, (head + 1) * head_size)
                scores = (k[:, part] * q[n, part]).sum(dim=1) / math.sqrt(head_size)
                parts.append((torch.softmax(scores, dim=0)[:, None] * v[:, part]).sum(dim=0))
            rows.append(torch.cat(parts))
        return torch.stack(rows) @ self.weights[f'{name}.out_proj.weight'].T + self.weights[f'{name}.out_proj.bias']

    def roi_align(self, view: ReferenceView, s: int, boxes: Tensor) -> Tensor:
        """`(N, D, k, k)` features of slice s, each box pooled from the pyramid level that its size asks for."""
        pooled = []
        for box in boxes:
            scale = torch.sqrt((box[2] - box[0]) * (box[3] - box[1]))
            level = int(torch.floor(torch.log2(scale / self.finest_scale + 1e-6)))
            level = min(max(level, 0), len(self.strides) - 1)
            features = view.pyramid[level][s : s + 1]
            pooled.append(
                roi_align(
                    features, [box[None]], self.roi_size, 1 / self.strides[level], self.sampling_ratio, aligned=True
                )[0]
            )
        return torch.stack(pooled)

    def dynamic_conv(self, i: int, h_tilde: Tensor, f_b: Tensor) -> Tensor:
        """DynamicConv of Eqs. 2 and 5: the head's whole path from attended to classifiable features, `(N, D)`."""
        prefix = f'roi_head.bbox_head.{i}'
        rows = [self.interact(f'{prefix}.instance_interactive_conv', h_tilde[n], f_b[n]) for n in range(len(h_tilde))]
        h = self.norm(f'{prefix}.instance_interactive_conv_norm', h_tilde + torch.stack(rows))
        hidden = torch.relu(self.linear(f'{prefix}.ffn.layers.0.0', h))
        return self.norm(f'{prefix}.ffn_norm', h + self.linear(f'{prefix}.ffn.layers.1', hidden))

    def interact(self, name: str, h_n: Tensor, f_b_n: Tensor) -> Tensor:
        """Two 1x1 convolutions of one RoI with kernels made from one proposal feature, then a layer to D."""
        size = h_n.shape[0]
        parameters = self.linear(f'{name}.dynamic_layer', h_n)
        middle = parameters.numel() // (2 * size)
        kernel_in = parameters[: size * middle].reshape(size, middle)
        kernel_out = parameters[size * middle :].reshape(middle, size)
        f = f_b_n.flatten(1).T  # (k * k, D)
        f = torch.relu(self.norm(f'{name}.norm_in', f @ kernel_in))
        f = torch.relu(self.norm(f'{name}.norm_out', f @ kernel_out))
        return torch.relu(self.norm(f'{name}.fc_norm', self.linear(f'{name}.fc_layer', f.flatten())))

    def classify(self, i: int, h: Tensor) -> Tensor:
        """ClsModule: `(N, C)` class logits."""
        prefix = f'roi_head.bbox_head.{i}'
        return self.linear(f'{prefix}.fc_cls', self.hidden_layers(f'{prefix}.cls_fcs', h))

    def regress(self, i: int, h: Tensor, boxes: Tensor) -> Tensor:
        """RegModule: boxes moved and scaled by the regressed deltas."""
        prefix = f'roi_head.bbox_head.{i}'
        deltas = self.linear(f'{prefix}.fc_reg', self.hidden_layers(f'{prefix}.reg_fcs', h))
        rows = []
        for n, (x1, y1, x2, y2) in enumerate(boxes):
            dx, dy, dw, dh = (deltas[n, j] * self.box_stds[j] for j in range(4))
            width, height = x2 - x1, y2 - y1
            cx, cy = (x1 + x2) / 2 + width * dx, (y1 + y2) / 2 + height * dy
            width = width * torch.exp(dw.clamp(-self.max_log_ratio, self.max_log_ratio))
            height = height * torch.exp(dh.clamp(-self.max_log_ratio, self.max_log_ratio))
            rows.append(torch.stack([cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2]))
        return torch.stack(rows)

    def hidden_layers(self, name: str, h: Tensor) -> Tensor:
        """Linear, norm and ReLU triples, as many as the state dict holds under `name`."""
        layer = 0
        while f'{name}.{layer}.weight' in self.weights:
            h = torch.relu(self.norm(f'{name}.{layer + 1}', self.linear(f'{name}.{layer}', h)))
            layer += 3
        return h

    def linear(self, name: str, x: Tensor) -> Tensor:
        """Fully connected layer, with a bias where the state dict holds one."""
        y = x @ self.weights[f'{name}.weight'].T
        return y + self.weights[f'{name}.bias'] if f'{name}.bias' in self.weights else y

    def norm(self, name: str, x: Tensor) -> Tensor:
        """Layer normalisation over the last axis."""
        return F.layer_norm(x, x.shape[-1:], self.weights[f'{name}.weight'], self.weights[f'{name}.bias'])


def noisy_or(probabilities: Tensor) -> Tensor:
    """Probability that at least one proposal is malignant: `1 - prod(1 - p)`."""
    none_malignant = torch.ones((), dtype=probabilities.dtype)
    for p in probabilities:
        none_malignant = none_malignant * (1 - p)
    return 1 - none_malignant
