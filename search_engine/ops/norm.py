"""Rule of a norm and activation without a convolution."""

from collections.abc import Mapping, Sequence
from typing import Any

from search_engine.network import Shape
from search_engine.ops.base import Activation, AttributesConfig, Norm, Rule, only_map


class NormActAttributes(AttributesConfig):
    """Attributes of `norm_act`."""

    norm: Norm = "batch"
    activation: Activation = "relu"


class NormAct(Rule):
    """Batch norm, then activation: the last layers before many classifiers."""

    config_class = NormActAttributes
    in_place = True
    module = "search_engine.nn.norm:NormAct"
    glyph = "BN"

    @classmethod
    def shape(cls, attributes: Mapping[str, Any], inputs: Sequence[Shape]) -> Shape:
        return only_map(inputs, "A norm")

    @classmethod
    def params(cls, attributes: Mapping[str, Any], inputs: Sequence[Shape]) -> int:
        return 2 * inputs[0][0] if attributes["norm"] == "batch" else 0

    @classmethod
    def buffers(cls, attributes: Mapping[str, Any], inputs: Sequence[Shape]) -> int:
        return cls.params(attributes, inputs)

    @classmethod
    def label(cls, attributes: Mapping[str, Any]) -> str:
        parts = ["BN"] if attributes["norm"] == "batch" else []
        parts += [attributes["activation"]] if attributes["activation"] != "none" else []
        return " ".join(parts) or "skip"
