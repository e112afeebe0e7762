"""Gated attention over the instances of a bag."""

from __future__ import annotations

from torch import Tensor, nn


class GatedAttention(nn.Module):
    """``softmax_k(w . (tanh(V z_k) * sigmoid(U z_k)))``, without biases.

    Source: Ilse et al. 2018, equation 9.

    Args:
        embed_dims: D, size of an instance's representation.
        hidden_dims: rows of V and U.
    """

    def __init__(self, embed_dims: int, hidden_dims: int) -> None:
        super().__init__()
        self.tanh_branch = nn.Linear(embed_dims, hidden_dims, bias=False)
        self.gate_branch = nn.Linear(embed_dims, hidden_dims, bias=False)
        self.score = nn.Linear(hidden_dims, 1, bias=False)

    def forward(self, representations: Tensor) -> Tensor:
        """(B, K) weights of the instances (B, K, D), which sum to 1 over K."""
        hidden = self.tanh_branch(representations).tanh() * self.gate_branch(representations).sigmoid()
        return self.score(hidden).squeeze(-1).softmax(dim=-1)
