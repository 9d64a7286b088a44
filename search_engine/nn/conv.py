"""The convolution unit as a module."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from search_engine.network import Shape
from search_engine.nn.activation import activation, norm


class Conv(nn.Sequential):
    """conv, norm, act in the order that `order` names: (B, C, H, W) -> (B, K, H', W').

    Weights start from a normal distribution with variance 2 / fan-in (He et al., ICCV 2015,
    section 2.2), which also suits depthwise convolutions.
    """

    def __init__(self, attributes: Mapping[str, Any], input_shapes: Sequence[Shape]) -> None:
        out = attributes["out_channels"]
        conv = nn.Conv2d(
            input_shapes[0][0],
            out,
            attributes["kernel"],
            stride=attributes["stride"],
            padding=attributes["padding"],
            dilation=attributes["dilation"],
            groups=attributes["groups"],
            bias=attributes["bias"],
        )
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        if conv.bias is not None:
            nn.init.zeros_(conv.bias)
        parts: dict[str, nn.Module | None] = {
            "conv": conv,
            "norm": norm(attributes["norm"], out),
            "act": activation(attributes["activation"]),
        }
        order = attributes["order"].split("_")
        super().__init__(OrderedDict((key, parts[key]) for key in order if parts[key] is not None))
