"""Compiled parts: under given genes each emits its layers and says which tensor leaves it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any, Protocol

from search_engine.errors import SearchEngineError, SpaceError
from search_engine.network import Block, Node, Shape, frozen
from search_engine.ops import OPS
from search_engine.protocols import Op
from search_engine.spaces.language.values import Constant, Decision, Tensor, Value
from search_engine.types import Genes

CACHE_VARIANTS = 512
CACHE_ENTRIES = 4096
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(slots=True)
class Emission:
    """The network under construction.

    Attributes:
        choices: what blocks say about the decisions that shaped them, by these decisions.
    """

    genes: Genes
    active: tuple[bool, ...]
    nodes: list[Node] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    choices: dict[tuple[int, ...], Mapping[str, Any]] = field(default_factory=dict)


class Part(Protocol):
    """A piece of network.

    Attributes:
        variables: indices of all decisions that shape it, ascending.
    """

    @property
    def variables(self) -> tuple[int, ...]: ...

    def emit(self, out: Emission, x: Tensor) -> Tensor:
        """Append the layers that read `x`; the tensor that leaves. SpaceError if they cannot."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One op with its attributes."""

    id: str
    op: str
    attributes: Mapping[str, Value]
    block: str
    path: str
    variables: tuple[int, ...]

    def emit(self, out: Emission, x: Tensor) -> Tensor:
        values = {key: value.resolve(out.genes, x) for key, value in self.attributes.items()}
        node = make_node(self.id, self.op, (x,), values, self.block, self.path)
        out.nodes.append(node)
        return node.id, node.shape


@dataclass(frozen=True, slots=True)
class Chain:
    """Parts one after the other."""

    members: tuple[Part, ...]
    variables: tuple[int, ...]

    def emit(self, out: Emission, x: Tensor) -> Tensor:
        for member in self.members:
            x = member.emit(out, x)
        return x


@dataclass(frozen=True, slots=True)
class Copies:
    """The first so many of its copies."""

    times: Constant | Decision
    members: tuple[Part, ...]
    variables: tuple[int, ...]

    def emit(self, out: Emission, x: Tensor) -> Tensor:
        for member in self.members[: self.times.resolve(out.genes, x)]:
            x = member.emit(out, x)
        return x


@dataclass(frozen=True, slots=True)
class Alternatives:
    """The part that a decision picks; None passes the tensor on."""

    decision: Constant | Decision
    members: Mapping[Any, Part | None]
    variables: tuple[int, ...]

    def emit(self, out: Emission, x: Tensor) -> Tensor:
        member = self.members[self.decision.resolve(out.genes, x)]
        return x if member is None else member.emit(out, x)


@dataclass(frozen=True, slots=True)
class Merge:
    """Branches that read one tensor, then a sum or concatenation."""

    id: str
    op: str
    members: tuple[Part, ...]
    block: str
    path: str
    variables: tuple[int, ...]

    def emit(self, out: Emission, x: Tensor) -> Tensor:
        tensors = [member.emit(out, x) for member in self.members]
        node = make_node(self.id, self.op, tensors, {}, self.block, self.path)
        out.nodes.append(node)
        return node.id, node.shape


@dataclass(frozen=True, slots=True)
class Residual:
    """A part and, where shapes agree, the sum with its input."""

    id: str
    member: Part
    block: str
    path: str
    variables: tuple[int, ...]

    def emit(self, out: Emission, x: Tensor) -> Tensor:
        y = self.member.emit(out, x)
        if y[1] != x[1] or y[0] == x[0]:
            return y
        node = make_node(self.id, "add", (y, x), {}, self.block, self.path)
        out.nodes.append(node)
        return node.id, node.shape


@dataclass(frozen=True, slots=True)
class Edge:
    """A searched edge of a cell.

    Attributes:
        source: cell node that it reads.
        variable: index of its decision; None where there is only one operation.
        members: what it does, by gene; None is no edge.
    """

    source: int
    variable: int | None
    members: tuple[Part | None, ...]

    @property
    def variables(self) -> tuple[int, ...]:
        """All decisions that shape it, ascending."""
        own = () if self.variable is None else (self.variable,)
        return union([own, *(member.variables for member in self.members if member)])


@dataclass(frozen=True, slots=True)
class Cell:
    """A DAG whose nodes sum what arrives over their edges.

    A node where nothing arrives is a zero layer, made only if something reads it.

    Attributes:
        id: prefix of the ids of its sums.
        head, tail: per node after the input, its edges; what the head makes is remembered.
        pick: the genes of the head's decisions.
    """

    id: str
    head: tuple[tuple[Edge, ...], ...]
    tail: tuple[tuple[Edge, ...], ...]
    pick: Callable[[Genes], Any]
    block: str
    path: str
    variables: tuple[int, ...]
    _heads: dict[Any, tuple[list[Node], list[Block], list[Tensor | None]]] = field(
        default_factory=dict
    )
    _sums: dict[tuple[Tensor, ...], Node] = field(default_factory=dict)

    def emit(self, out: Emission, x: Tensor) -> Tensor:
        key = (x, self.pick(out.genes))
        known = self._heads.get(key)
        if known is None:
            inner = Emission(out.genes, out.active)
            known = (inner.nodes, inner.blocks, self._walk(inner, [x], self.head))
            remember(self._heads, key, known)
        out.nodes += known[0]
        out.blocks += known[1]
        tensors = self._walk(out, [*known[2]], self.tail)
        return tensors[-1] or self._zero(out, tensors, len(tensors) - 1)

    def _walk(
        self, out: Emission, tensors: list[Tensor | None], arriving: tuple[tuple[Edge, ...], ...]
    ) -> list[Tensor | None]:
        """Continue the list of node tensors; None where nothing arrives."""
        for edges in arriving:
            arrived = []
            for edge in edges:
                member = edge.members[0 if edge.variable is None else out.genes[edge.variable]]
                if member is not None:
                    source = tensors[edge.source] or self._zero(out, tensors, edge.source)
                    arrived.append(member.emit(out, source))
            tensors.append(self._sum(out, len(tensors), tuple(arrived)) if arrived else None)
        return tensors

    def _sum(self, out: Emission, target: int, arrived: tuple[Tensor, ...]) -> Tensor:
        if len(arrived) == 1:
            return arrived[0]
        node = self._sums.get(arrived)
        if node is None:
            name = f"{self.id}_node_{target}"
            node = make_node(name, "add", arrived, {}, self.block, self.path)
            remember(self._sums, arrived, node)
        out.nodes.append(node)
        return node.id, node.shape

    def _zero(self, out: Emission, tensors: list[Tensor | None], index: int) -> Tensor:
        assert tensors[0] is not None
        name = f"{self.id}_node_{index}"
        node = make_node(name, "zero", (tensors[0],), {}, self.block, self.path)
        out.nodes.append(node)
        tensors[index] = made = (node.id, node.shape)
        return made


@dataclass(frozen=True, slots=True)
class Boxed:
    """A part drawn as one block.

    Attributes:
        label: text with `{name}` for the values in `named`; None takes the first layer's label.
        decisions: what the block's `choices` list.
    """

    id: str
    kind: str
    label: str | None
    stage: str
    named: Mapping[str, Value]
    decisions: tuple[Decision, ...]
    member: Part
    variables: tuple[int, ...]

    def emit(self, out: Emission, x: Tensor) -> Tensor:
        before = len(out.nodes)
        y = self.member.emit(out, x)
        if len(out.nodes) > before:
            choices = out.choices.get(self.variables)
            if choices is None:
                choices = out.choices[self.variables] = self._choices(out, x)
            label = self._label(out, x, out.nodes[before])
            out.blocks.append(Block(self.id, self.kind, label, self.stage, choices))
        return y

    def _choices(self, out: Emission, x: Tensor) -> Mapping[str, Any]:
        active = (item for item in self.decisions if out.active[item.index])
        return frozen({item.name: item.resolve(out.genes, x) for item in active})

    def _label(self, out: Emission, x: Tensor, first: Node) -> str:
        if self.label is None:
            return OPS.resolve(first.op).label(first.attributes)
        if not self.named:
            return self.label
        return _PLACEHOLDER.sub(
            lambda match: str(self.named[match[1]].resolve(out.genes, x)), self.label
        )


class Cached:
    """Remembers what a part emits for each tensor and decision: decoding re-uses its layers."""

    __slots__ = ("_memory", "_part", "_pick", "variables")

    def __init__(self, part: Part) -> None:
        self._part = part
        self.variables = part.variables
        self._pick = picker(part.variables)
        self._memory: dict[Any, tuple[list[Node], list[Block], Tensor]] = {}

    def emit(self, out: Emission, x: Tensor) -> Tensor:
        key = (x, self._pick(out.genes)) if self.variables else x
        known = self._memory.get(key)
        if known is None:
            inner = Emission(out.genes, out.active)
            y = self._part.emit(inner, x)
            known = (inner.nodes, inner.blocks, y)
            remember(self._memory, key, known)
        out.nodes += known[0]
        if known[1]:
            out.blocks += known[1]
        return known[2]


def picker(variables: Sequence[int]) -> Callable[[Genes], Any]:
    """A fast function that takes the genes of some variables."""
    return itemgetter(*variables) if variables else _nothing


def _nothing(_: Genes) -> None:
    return None


def union(groups: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """All indices of some groups, ascending."""
    return tuple(sorted(set().union(*groups)))


def remember(memory: dict[Any, Any], key: Any, value: Any) -> None:
    """Store in a bounded cache: a full one starts again."""
    if len(memory) >= CACHE_ENTRIES:
        memory.clear()
    memory[key] = value


def make_node(
    name: str,
    op: str,
    inputs: Sequence[Tensor],
    values: Mapping[str, Any],
    block: str,
    path: str,
) -> Node:
    """A layer with completed attributes and its shape. SpaceError says where it cannot be."""
    names, shapes = zip(*inputs, strict=True)
    try:
        attributes, shape = _infer(op, shapes, tuple(values.items()))
    except SearchEngineError as error:
        given = ", ".join("×".join(map(str, shape)) for shape in shapes)
        raise SpaceError(f"Layer {op!r} on a tensor of {given}: {error}", path) from error
    return Node(name, op, names, attributes, shape, block)


# Values were checked for their types when the document was compiled, so that equal is the same.
@lru_cache(maxsize=65_536)
def _infer(
    op: str, shapes: tuple[Shape, ...], values: tuple[tuple[str, Any], ...]
) -> tuple[Mapping[str, Any], Shape]:
    rule: type[Op] = OPS.resolve(op)
    attributes = rule.complete(dict(values))
    return attributes, rule.shape(attributes, shapes)


def placeholders(label: str) -> list[str]:
    """Names in braces, in order."""
    return _PLACEHOLDER.findall(label)
