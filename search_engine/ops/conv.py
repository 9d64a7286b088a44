"""Rule of the convolution unit: conv, optional batch norm, optional activation in one node."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from search_engine.errors import ShapeError
from search_engine.network import Shape
from search_engine.ops.base import (
    Activation,
    AttributesConfig,
    Norm,
    Rule,
    only_map,
    square,
    stride_suffix,
    window,
)


class ConvAttributes(AttributesConfig):
    """Attributes of `conv`."""

    out_channels: int = Field(ge=1, le=65_536)
    kernel: int = Field(3, ge=1, le=63, description="Side of the square window, pixels.")
    stride: int = Field(1, ge=1, le=16)
    dilation: int = Field(1, ge=1, le=16)
    groups: int = Field(1, ge=1, le=65_536, description="As many as channels: depthwise.")
    padding: int | None = Field(None, ge=0, le=512, description="Default keeps the size.")
    norm: Norm = "batch"
    activation: Activation = "relu"
    order: Literal["conv_norm_act", "act_conv_norm"] = "conv_norm_act"
    bias: bool | None = Field(None, description="Default: exactly when there is no norm.")


class Conv(Rule):
    """Convolution, norm, activation: K filters of C/g x R x R weights and an affine norm."""

    config_class = ConvAttributes
    module = "search_engine.nn.conv:Conv"
    glyph = "Cv"

    @classmethod
    def derive(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values["padding"] is None:
            values["padding"] = values["dilation"] * (values["kernel"] - 1) // 2
        if values["bias"] is None:
            values["bias"] = values["norm"] == "none"
        return values

    @classmethod
    def shape(cls, attributes: Mapping[str, Any], inputs: Sequence[Shape]) -> Shape:
        channels, height, width = only_map(inputs, "A convolution")
        out, groups = attributes["out_channels"], attributes["groups"]
        if channels % groups or out % groups:
            raise ShapeError(
                f"{groups} groups must divide both the {channels} input and {out} output channels."
            )
        slide = (attributes["kernel"], attributes["stride"], attributes["padding"])
        dilation = attributes["dilation"]
        return out, window(height, *slide, dilation), window(width, *slide, dilation)

    @classmethod
    def _weights(cls, attributes: Mapping[str, Any], inputs: Sequence[Shape]) -> int:
        per_output = inputs[0][0] // attributes["groups"] * attributes["kernel"] ** 2
        return int(attributes["out_channels"] * per_output)

    @classmethod
    def params(cls, attributes: Mapping[str, Any], inputs: Sequence[Shape]) -> int:
        extra = (2 if attributes["norm"] == "batch" else 0) + int(attributes["bias"])
        return cls._weights(attributes, inputs) + extra * int(attributes["out_channels"])

    @classmethod
    def buffers(cls, attributes: Mapping[str, Any], inputs: Sequence[Shape]) -> int:
        return 2 * int(attributes["out_channels"]) if attributes["norm"] == "batch" else 0

    @classmethod
    def macs(cls, attributes: Mapping[str, Any], inputs: Sequence[Shape], output: Shape) -> int:
        return cls._weights(attributes, inputs) * output[1] * output[2]

    @classmethod
    def family(cls, attributes: Mapping[str, Any]) -> str:
        if 1 < attributes["groups"] == attributes["out_channels"]:
            return "depthwise"
        return "pointwise" if attributes["kernel"] == 1 else "conv"

    @classmethod
    def label(cls, attributes: Mapping[str, Any]) -> str:
        """Such as `DW 5×5 /2` or `3×3 d2 g4`."""
        depthwise = cls.family(attributes) == "depthwise"
        text = ("DW " if depthwise else "") + square(attributes["kernel"])
        if attributes["dilation"] > 1:
            text += f" d{attributes['dilation']}"
        if attributes["groups"] > 1 and not depthwise:
            text += f" g{attributes['groups']}"
        return text + stride_suffix(attributes["stride"])
