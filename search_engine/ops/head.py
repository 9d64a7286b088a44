"""Rule of the classifier."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from search_engine.errors import ShapeError
from search_engine.network import Shape
from search_engine.ops.base import AttributesConfig, Rule, only


class HeadAttributes(AttributesConfig):
    """Attributes of `head`."""

    outputs: int = Field(ge=1, le=65_536, description="Numbers per sample, such as classes.")


class Head(Rule):
    """Global average pool of a map (nothing for a vector), then a linear layer with bias."""

    config_class = HeadAttributes
    module = "search_engine.nn.head:Head"
    glyph = "Fc"

    @classmethod
    def shape(cls, attributes: Mapping[str, Any], inputs: Sequence[Shape]) -> Shape:
        shape = only(inputs, "A classifier")
        if len(shape) not in (1, 3):
            raise ShapeError(
                f"A classifier reads a (channels, height, width) map or a vector, got {shape}."
            )
        return (attributes["outputs"],)

    @classmethod
    def params(cls, attributes: Mapping[str, Any], inputs: Sequence[Shape]) -> int:
        return (inputs[0][0] + 1) * int(attributes["outputs"])

    @classmethod
    def macs(cls, attributes: Mapping[str, Any], inputs: Sequence[Shape], output: Shape) -> int:
        return inputs[0][0] * int(attributes["outputs"])

    @classmethod
    def family(cls, attributes: Mapping[str, Any]) -> str:
        return "linear"

    @classmethod
    def label(cls, attributes: Mapping[str, Any]) -> str:
        return f"GAP FC {attributes['outputs']}"
