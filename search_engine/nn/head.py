"""The classifier as a module."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from search_engine.network import Shape


class Head(nn.Module):
    """Global average pool and linear: (B, C, H, W) or (B, C) -> logits (B, outputs)."""

    def __init__(self, attributes: Mapping[str, Any], input_shapes: Sequence[Shape]) -> None:
        super().__init__()
        self.pools = len(input_shapes[0]) == 3
        self.linear = nn.Linear(input_shapes[0][0], attributes["outputs"])

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.linear(x.mean((2, 3)) if self.pools else x)
        return logits
