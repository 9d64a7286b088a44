"""The convolution unit as a module."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

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
        parts = {
            "conv": conv,
            "norm": norm(attributes["norm"], out),
            "act": activation(attributes["activation"]),
        }
        order = [(key, parts[key]) for key in attributes["order"].split("_")]
        super().__init__(OrderedDict((key, part) for key, part in order if part is not None))
        self._depthwise = attributes["groups"] > 1

    def forward(self, x: Tensor) -> Tensor:
        # On CPUs the gradient of depthwise convolutions is up to ten times slower in NCHW order;
        # what follows keeps the order, so that one copy serves the rest of the network.
        if self.training and self._depthwise and x.device.type == "cpu":
            x = x.contiguous(memory_format=torch.channels_last)
        for part in self:
            x = part(x)
        return x
