"""Execution units: what a runtime runs as one kernel, a layer with what was fused into it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

from search_engine.network import NetworkSpec, Node, Shape, frozen
from search_engine.ops import OPS

Liveness = Literal["none", "unused_output", "full_path"]


@dataclass(frozen=True, slots=True)
class RuntimeRules:
    """How a runtime executes a network; part of the device's description.

    Attributes:
        liveness: which layers it never runs: `none` runs all, `unused_output` drops those whose
            output nobody needs, `full_path` also those that compute on nothing but zeros.
        fusions: pairs of (kernel kind, op): a layer of that op runs within the unit that makes
            its first input, if it is the only reader of that unit's output.
    """

    liveness: Liveness = "none"
    fusions: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Unit:
    """One execution unit of one network.

    Attributes:
        op, attributes: of its first layer.
        inputs, output: shapes without the batch axis; inputs of fused layers that come from
            elsewhere follow those of the first.
        fused: ops of the layers that run within it, in order.
        nodes: ids of its layers in the network.
    """

    op: str
    attributes: Mapping[str, Any]
    inputs: tuple[Shape, ...]
    output: Shape
    fused: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()

    @cached_property
    def kind(self) -> str:
        """Kernel family: the op, convolutions by `conv`, `pointwise`, `grouped`, `depthwise`."""
        return kind_of(self.op, self.attributes, self.inputs)

    @cached_property
    def key(self) -> str:
        """Text that is equal for units that take equally long: all but names."""
        values = ",".join(f"{name}={value}" for name, value in sorted(self.attributes.items()))
        shapes = "+".join("x".join(map(str, shape)) for shape in self.inputs)
        sides = f"{shapes}>{'x'.join(map(str, self.output))}"
        return f"{'&'.join((self.op, *self.fused))}({values}) {sides}"

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates for one sample."""
        own = self.inputs[: len(self.inputs) - len(self.fused)] or self.inputs
        return OPS.resolve(self.op).macs(self.attributes, own, self.output)

    @cached_property
    def params(self) -> int:
        """Trainable parameters."""
        own = self.inputs[: len(self.inputs) - len(self.fused)] or self.inputs
        return OPS.resolve(self.op).params(self.attributes, own)

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal unit back. Node ids are not kept."""
        return {
            "op": self.op,
            "attributes": {name: _plain(value) for name, value in self.attributes.items()},
            "inputs": [list(shape) for shape in self.inputs],
            "output": list(self.output),
            "fused": list(self.fused),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild a unit."""
        return cls(
            op=data["op"],
            attributes=frozen(data["attributes"]),
            inputs=tuple(tuple(shape) for shape in data["inputs"]),
            output=tuple(data["output"]),
            fused=tuple(data["fused"]),
        )


def kind_of(op: str, attributes: Mapping[str, Any], inputs: Sequence[Shape]) -> str:
    """Kernel family of a layer."""
    if op != "conv":
        return op
    groups = attributes["groups"]
    if groups > 1:
        return "depthwise" if groups == inputs[0][0] else "grouped"
    width = attributes.get("kernel_width") or attributes["kernel"]
    return "pointwise" if attributes["kernel"] == width == 1 else "conv"


def units_of(network: NetworkSpec, rules: RuntimeRules) -> tuple[Unit, ...]:
    """The units a runtime executes for a network, in its order.

    Aliases (identity, dropout at inference) are no units.
    """
    alive = _alive(network, rules.liveness)
    readers = Counter(name for node in alive for name in _sources(network, node))
    readers.update(network.outputs)
    units: dict[str, Unit] = {}
    owner: dict[str, str] = {}  # tensor -> first node of the unit that makes it
    for node in alive:
        if OPS.resolve(node.op).alias:
            continue
        inputs = _sources(network, node)
        home = owner.get(inputs[0]) if inputs else None
        last = home is not None and units[home].nodes[-1] == inputs[0]
        if (
            home is not None
            and last
            and readers[inputs[0]] == 1
            and (units[home].kind, node.op) in rules.fusions
        ):
            units[home] = _joined(network, units[home], node, inputs)
            owner[node.id] = home
            continue
        units[node.id] = Unit(
            node.op, node.attributes, network.input_shapes(node), node.shape, (), (node.id,)
        )
        owner[node.id] = node.id
    return tuple(units.values())


def _joined(network: NetworkSpec, unit: Unit, node: Node, inputs: Sequence[str]) -> Unit:
    others = tuple(network.shapes[name] for name in inputs[1:])
    return Unit(
        unit.op,
        unit.attributes,
        (*unit.inputs, *others),
        node.shape,
        (*unit.fused, node.op),
        (*unit.nodes, node.id),
    )


def _sources(network: NetworkSpec, node: Node) -> tuple[str, ...]:
    """What a layer reads, aliases seen through."""
    return tuple(_seen_through(network, name) for name in node.inputs)


def _seen_through(network: NetworkSpec, name: str) -> str:
    while (node := network.by_id.get(name)) is not None and OPS.resolve(node.op).alias:
        name = node.inputs[0]
    return name


def _alive(network: NetworkSpec, liveness: Liveness) -> list[Node]:
    """Layers that are run, in order."""
    if liveness == "none":
        return list(network.nodes)
    needed = {_seen_through(network, name) for name in network.outputs} | set(network.outputs)
    dead = _zeros(network) if liveness == "full_path" else set[str]()
    kept = []
    for node in reversed(network.nodes):
        if node.id in needed and node.id not in dead:
            kept.append(node)
            needed.update(node.inputs)
    return kept[::-1]


def _zeros(network: NetworkSpec) -> set[str]:
    """Layers that compute on nothing but zeros."""
    dead = set[str]()
    for node in network.nodes:
        if node.op == "zero" or (node.inputs and all(name in dead for name in node.inputs)):
            dead.add(node.id)
    return dead


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
