"""Norm and activation without a convolution, as a module."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from search_engine.network import Shape
from search_engine.nn.activation import activation, norm


class NormAct(nn.Sequential):
    """norm, act: (B, C, H, W) -> (B, C, H, W)"""

    def __init__(self, attributes: Mapping[str, Any], input_shapes: Sequence[Shape]) -> None:
        parts = {
            "norm": norm(attributes["norm"], input_shapes[0][0]),
            "act": activation(attributes["activation"]),
        }
        super().__init__(OrderedDict((key, part) for key, part in parts.items() if part))
