"""What pictures and the layer table say about a network: one row per layer, one per block."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby

from search_engine.network import Block, NetworkSpec, Node, Shape
from search_engine.ops import OPS


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer with its costs for one sample.

    Attributes:
        glyph: two letters where the family has none that says what the layer does.
        share: its part of all MACs, 0 to 1.
    """

    node: Node
    label: str
    family: str
    glyph: str
    inputs: tuple[Shape, ...]
    params: int
    macs: int
    share: float

    @property
    def id(self) -> str:
        return self.node.id


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A block and its layers; `repeats` equal blocks in a row are one row."""

    block: Block
    layers: tuple[Layer, ...]
    repeats: int = 1
    same: tuple[tuple[Layer, ...], ...] = field(default=())

    @property
    def macs(self) -> int:
        """Of one of the repeated blocks."""
        return sum(layer.macs for layer in self.layers)

    @property
    def params(self) -> int:
        """Of one of the repeated blocks."""
        return sum(layer.params for layer in self.layers)

    @property
    def shape(self) -> Shape:
        """What the block hands on."""
        return self.layers[-1].node.shape

    @property
    def family(self) -> str:
        """The family that stands for the block: the most telling layer in it."""
        present = Counter(layer.family for layer in self.layers)
        for family in ("attention", "depthwise", "conv", "linear", "pointwise", "pool"):
            if present[family] and (family != "attention" or len(present) <= 2):
                return family
        return "merge"

    @property
    def glyph(self) -> str:
        """Of the layer that stands for the block."""
        return next((x.glyph for x in self.layers if x.family == self.family), "")


def layer_rows(network: NetworkSpec) -> list[Layer]:
    """Every layer in execution order."""
    rows = []
    total = network.macs or 1
    for node, inputs in network.walk():
        rule = OPS.resolve(node.op)
        family = rule.family(node.attributes)
        macs = rule.macs(node.attributes, inputs, node.shape)
        rows.append(
            Layer(
                node,
                rule.label(node.attributes),
                family,
                rule.glyph.strip() if family == "merge" else "",
                inputs,
                rule.params(node.attributes, inputs),
                macs,
                macs / total,
            )
        )
    return rows


def block_rows(network: NetworkSpec) -> list[BlockRow]:
    """Blocks in the order of their first layer; equal neighbours of a stage become one row.

    A layer outside every block is a block of its own.
    """
    blocks = {block.id: block for block in network.blocks}
    single = []
    for key, group in groupby(layer_rows(network), lambda row: row.node.block or row.id):
        layers = tuple(group)
        block = blocks.get(key) or Block(key, layers[0].node.op, layers[0].label)
        single.append(BlockRow(block, layers))
    merged = []
    for _, group in groupby(single, lambda row: (row.block.stage, _sizes(row))):
        rows = list(group)
        same = tuple(row.layers for row in rows)
        merged.append(BlockRow(rows[0].block, rows[0].layers, len(rows), same))
    return merged


def signature(row: BlockRow) -> tuple[object, ...]:
    """What a block computes, whatever its channels and resolution: equal cells share it."""
    position = {layer.id: index for index, layer in enumerate(row.layers)}
    return tuple(
        (layer.node.op, layer.label, tuple(position.get(name, -1) for name in layer.node.inputs))
        for layer in row.layers
    )


def _sizes(row: BlockRow) -> tuple[object, ...]:
    return (row.block.kind, signature(row), tuple((x.inputs, x.node.shape) for x in row.layers))


def channels(shape: Shape) -> str:
    """`24 ch` of a feature map, else the plain size."""
    return f"{shape[0]} ch" if len(shape) == 3 else "×".join(map(str, shape))


def side(shape: Shape) -> str:
    """`8²` or `8×6` of a feature map, empty for vectors."""
    if len(shape) != 3:
        return ""
    return f"{shape[1]}²" if shape[1] == shape[2] else f"{shape[1]}×{shape[2]}"


def tensor(shape: Shape) -> str:
    """`24×8²` of a feature map, `10` of a vector."""
    return f"{shape[0]}×{side(shape)}" if len(shape) == 3 else "×".join(map(str, shape))
