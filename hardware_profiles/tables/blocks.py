"""Keys of inverted residual blocks: by shape, as the tables of mobile networks have them."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardware_profiles.errors import TableError
from search_engine.costs.units import kind_of
from search_engine.network import NetworkSpec, Node
from search_engine.ops.attention import SqueezeExcite

KIND = "mbconv"
_FORM = re.compile(
    r"mbconv\(in=(\d{1,6}),mid=(\d{1,6}),out=(\d{1,6}),kernel=(\d{1,3}),stride=(\d{1,2}),"
    r"se=(\d{1,6}),act=([a-z0-9_]{1,20}),side=(\d{1,5})\)"
)


@dataclass(frozen=True, slots=True)
class BlockKey:
    """An inverted residual with an expansion: channels in, in the middle and out; `se` is the
    width of squeeze-and-excite (0: none), `side` the input's height and width."""

    inside: int
    mid: int
    out: int
    kernel: int
    stride: int
    se: int
    act: str
    side: int

    def __str__(self) -> str:
        return (
            f"mbconv(in={self.inside},mid={self.mid},out={self.out},kernel={self.kernel},"
            f"stride={self.stride},se={self.se},act={self.act},side={self.side})"
        )

    @classmethod
    def parse(cls, text: str) -> "BlockKey":
        """Read the text. TableError shows the form."""
        found = _FORM.fullmatch(text.strip())
        if found is None:
            form = cls(16, 48, 24, 3, 2, 0, "relu", 112)
            raise TableError(f"A block reads like {form}, got {text!r:.120}.")
        *sizes, act, side = found.groups()
        return cls(*map(int, sizes), act, int(side))

    @property
    def macs(self) -> int:
        """Of the three convolutions, for one sample."""
        after = math.ceil(self.side / self.stride) ** 2
        widen = self.inside * self.mid * self.side**2
        return widen + (self.kernel**2 + self.out) * self.mid * after


def block_keys(network: NetworkSpec) -> Iterator[BlockKey]:
    """Keys of a network's inverted residuals that have an expansion, in order."""
    for block in network.blocks:
        if block.kind == KIND:
            nodes = [node for node in network.nodes if node.block == block.id]
            if (key := _key(network, nodes)) is not None:
                yield key


def _key(network: NetworkSpec, nodes: list[Node]) -> BlockKey | None:
    kinds = {_kind(network, node): node for node in reversed(nodes)}
    convolutions = [node for node in nodes if _kind(network, node) == "pointwise"]
    depthwise, squeeze = kinds.get("depthwise"), kinds.get("squeeze_excite")
    if depthwise is None or len(convolutions) < 2:
        return None
    expand, project = convolutions[0], convolutions[-1]
    (entering, side, _) = network.input_shapes(expand)[0]
    width = 0
    if squeeze is not None:
        channels = network.input_shapes(squeeze)[0][0]
        width = SqueezeExcite.hidden(squeeze.attributes, channels)
    return BlockKey(
        inside=entering,
        mid=depthwise.shape[0],
        out=project.shape[0],
        kernel=depthwise.attributes["kernel"],
        stride=depthwise.attributes["stride"],
        se=width,
        act=expand.attributes["activation"],
        side=side,
    )


def _kind(network: NetworkSpec, node: Node) -> str:
    return kind_of(node.op, node.attributes, network.input_shapes(node))
