"""Rule of squeeze-and-excite."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from search_engine.network import Shape
from search_engine.ops.base import AttributesConfig, Rule, only_map


class SqueezeExciteAttributes(AttributesConfig):
    """Attributes of `squeeze_excite`."""

    ratio: int = Field(4, ge=1, le=256, description="Channels per hidden unit.")
    gate: Literal["sigmoid", "hsigmoid"] = "sigmoid"


class SqueezeExcite(Rule):
    """Scales each channel by a gate computed from all channel means (Hu et al., CVPR 2018).

    The scaling itself is elementwise and not counted as MACs.
    """

    config_class = SqueezeExciteAttributes
    module = "search_engine.nn.attention:SqueezeExcite"
    glyph = "SE"

    @classmethod
    def hidden(cls, attributes: Mapping[str, Any], channels: int) -> int:
        """Units between the two linear layers."""
        return max(1, channels // int(attributes["ratio"]))

    @classmethod
    def shape(cls, attributes: Mapping[str, Any], inputs: Sequence[Shape]) -> Shape:
        return only_map(inputs, "Squeeze-and-excite")

    @classmethod
    def params(cls, attributes: Mapping[str, Any], inputs: Sequence[Shape]) -> int:
        channels = inputs[0][0]
        hidden = cls.hidden(attributes, channels)
        return 2 * channels * hidden + hidden + channels

    @classmethod
    def macs(cls, attributes: Mapping[str, Any], inputs: Sequence[Shape], output: Shape) -> int:
        channels = inputs[0][0]
        return 2 * channels * cls.hidden(attributes, channels)

    @classmethod
    def family(cls, attributes: Mapping[str, Any]) -> str:
        return "attention"

    @classmethod
    def label(cls, attributes: Mapping[str, Any]) -> str:
        return f"SE 1/{attributes['ratio']}"
