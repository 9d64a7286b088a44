"""Execution units: what a runtime runs as one kernel, a layer with what was fused into it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any, Literal, Self

from search_engine.network import NetworkSpec, Node, Shape, frozen
from search_engine.ops import OPS

BLOCKED = "blocked"
"""Kind of an input that is an inner tensor, in blocks of channels."""

Liveness = Literal["none", "unused_output", "full_path"]


@dataclass(frozen=True, slots=True)
class RuntimeRules:
    """How a runtime executes a network; part of the device's description.

    Attributes:
        liveness: which layers it never runs: `none` runs all, `unused_output` drops those whose
            output nobody needs, `full_path` also those that compute on nothing but zeros.
        fusions: pairs of (kernel kind, op): a layer of that op runs within the unit that makes
            one of its inputs, if it is the only reader of that unit's output. As in the kernels
            of inference runtimes a unit takes in each op once, and nothing after an activation;
            where sums can be taken in, one of many terms is taken as sums of two.
        shared_activations: activations that stand before a convolution (`act_conv_norm`) are
            layers of their own there, and one serves all readers of a tensor; they may be taken
            in by the convolution before as `norm_act`.
        block: channels per block of a runtime that runs convolutions, pools, sums and activations
            on blocked maps (ONNX Runtime: 16 with AVX-512, 8 without). Changes of layout are then
            units of their own, of op `identity` with attribute `to`; 0 where there is one layout.
        merges: layers without weights that read the same tensors in the same way run once
            (common subexpressions).
        zeros_apart: what reads a tensor of a `zero` layer takes another time than elsewhere
            (ONNX Runtime leaves such tensors in float when the others are int8); such units have
            an attribute `zeros`, how many of their inputs are of that kind.
    """

    liveness: Liveness = "none"
    fusions: frozenset[tuple[str, str]] = frozenset()
    shared_activations: bool = False
    block: int = 0
    merges: bool = False
    zeros_apart: bool = False


@dataclass(frozen=True)
class Unit:
    """One execution unit of one network.

    Attributes:
        op, attributes: of its first layer.
        inputs, output: shapes without the batch axis; inputs of fused layers that come from
            elsewhere follow those of the first.
        fused: ops of the layers that run within it, in order.
        nodes: ids of its layers in the network.
        others: how many of the inputs belong to fused layers.
    """

    op: str
    attributes: Mapping[str, Any]
    inputs: tuple[Shape, ...]
    output: Shape
    fused: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    others: int = 0

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
        return OPS.resolve(self.op).macs(self.attributes, self.own_inputs, self.output)

    @cached_property
    def params(self) -> int:
        """Trainable parameters."""
        return OPS.resolve(self.op).params(self.attributes, self.own_inputs)

    @property
    def own_inputs(self) -> tuple[Shape, ...]:
        """Shapes that its first layer reads."""
        return self.inputs[: len(self.inputs) - self.others]

    @cached_property
    def values_moved(self) -> int:
        """Numbers read and written for one sample, weights apart; what is inside stays inside."""
        return sum(map(prod, self.inputs)) + prod(self.output)

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal unit back. Node ids are not kept."""
        return {
            "op": self.op,
            "attributes": {name: _plain(value) for name, value in self.attributes.items()},
            "inputs": [list(shape) for shape in self.inputs],
            "output": list(self.output),
            "fused": list(self.fused),
            "others": self.others,
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
            others=data["others"],
        )


INERT = frozenset({"dropout", "noise"})
"""Layers that do something while training only."""


def passes_on(node: Node) -> bool:
    """Whether a layer hands its input on as it is, at inference."""
    return node.op in INERT or OPS.resolve(node.op).alias


def kind_of(op: str, attributes: Mapping[str, Any], inputs: Sequence[Shape]) -> str:
    """Kernel family of a layer."""
    if op != "conv":
        return op
    groups = attributes["groups"]
    if groups > 1:
        return "depthwise" if groups == inputs[0][0] else "grouped"
    width = attributes.get("kernel_width") or attributes["kernel"]
    return "pointwise" if attributes["kernel"] == width == 1 else "conv"


def units_of(network: NetworkSpec, rules: RuntimeRules, *, whole: bool = True) -> tuple[Unit, ...]:
    """The units a runtime executes for a network, in its order.

    Layers that pass on what they read at inference (identity, dropout, noise) are no units.

    Args:
        whole: False for the beginning of a longer network: its outputs are left in the layout
            that they have.
    """
    return cut(network, rules, whole=whole).units


@dataclass(frozen=True, slots=True)
class Cut:
    """A network as its runtime runs it.

    Attributes:
        units: in order.
        makers: which unit makes each tensor of a layer that is run.
        blocked: tensors in the blocked layout, where the runtime has one.
    """

    units: tuple[Unit, ...]
    makers: Mapping[str, Unit]
    blocked: frozenset[str]


def cut(network: NetworkSpec, rules: RuntimeRules, *, whole: bool = True) -> Cut:
    """As `units_of`, with what is known of the tensors between the units."""
    same: dict[str, str] = {}
    steps = list(_steps(network, rules, same))
    blocked = set[str]()
    if rules.block:
        blocked = {item.name for item in network.inputs if item.kind == BLOCKED}
        steps = list(_laid_out(network, steps, blocked, rules.block, whole=whole))
    readers = Counter(name for step in steps for name in step.inputs)
    readers.update(seen_through(network, name) for name in network.outputs)
    units: dict[str, _Growing] = {}  # by first tensor, in order
    owner: dict[str, _Growing] = {}  # tensor -> the unit that makes it
    for step in steps:
        home = _home(step, owner, readers, rules)
        if home is None:
            units[step.made] = owner[step.made] = _Growing(step)
        else:
            home.take(step)
            owner[step.made] = home
    done = {name: unit.finished() for name, unit in units.items()}
    makers = {name: done[unit.steps[0].made] for name, unit in owner.items()}
    equal = (name for name, first in same.items() if first in blocked)
    return Cut(tuple(done.values()), makers, frozenset(blocked).union(equal))


def may_grow(unit: Unit, rules: RuntimeRules) -> bool:
    """Whether some layer after it could still run within the unit."""
    acted = unit.attributes.get("activation", "none") != "none" or "norm_act" in unit.fused
    return not acted and any(
        kind == unit.kind and op not in unit.fused for kind, op in rules.fusions
    )


@dataclass(frozen=True, slots=True)
class _Step:
    """A layer as the runtime sees it: what it reads by name and shape, what it makes."""

    op: str
    attributes: Mapping[str, Any]
    inputs: tuple[str, ...]
    shapes: tuple[Shape, ...]
    made: str
    shape: Shape
    node: str


class _Growing:
    """A unit that may still take in layers."""

    def __init__(self, first: _Step) -> None:
        self.steps = [first]
        self.kind = kind_of(first.op, first.attributes, first.shapes)
        self.others: tuple[Shape, ...] = ()

    def accepts(self, step: _Step) -> bool:
        """Whether no activation is behind it, and no layer of this op in it."""
        before = [item.op for item in self.steps[1:]]
        acted = self.steps[0].attributes.get("activation", "none") != "none"
        return not acted and "norm_act" not in before and step.op not in before

    def take(self, step: _Step) -> None:
        own = step.inputs.index(self.steps[-1].made)
        self.others += step.shapes[:own] + step.shapes[own + 1 :]
        self.steps.append(step)

    def finished(self) -> Unit:
        first, last = self.steps[0], self.steps[-1]
        return Unit(
            first.op,
            first.attributes,
            (*first.shapes, *self.others),
            last.shape,
            tuple(step.op for step in self.steps[1:]),
            tuple(dict.fromkeys(step.node for step in self.steps)),
            len(self.others),
        )


def _home(
    step: _Step,
    owner: Mapping[str, _Growing],
    readers: Mapping[str, int],
    rules: RuntimeRules,
) -> _Growing | None:
    """The unit that takes in a step, if there is one."""
    if not rules.fusions:
        return None
    for name in step.inputs:
        unit = owner.get(name)
        if (
            unit is not None
            and unit.steps[-1].made == name
            and readers[name] == 1
            and (unit.kind, step.op) in rules.fusions
            and unit.accepts(step)
        ):
            return unit
    return None


def _steps(network: NetworkSpec, rules: RuntimeRules, same: dict[str, str]) -> Iterator[_Step]:
    """Layers that are run, in order, as the runtime cuts and merges them; `same` collects the
    tensors that are not made because an equal one is there."""
    steps = _cut(network, rules)
    if rules.merges:
        steps = _merged(steps, same)
    return _marked(steps) if rules.zeros_apart else steps


def _merged(steps: Iterable[_Step], names: dict[str, str]) -> Iterator[_Step]:
    """The same without those that compute again what is there."""
    first = dict[object, str]()
    for step in steps:
        if any(name in names for name in step.inputs):
            step = replace(step, inputs=tuple(names.get(name, name) for name in step.inputs))
        if OPS.resolve(step.op).params(step.attributes, step.shapes):
            yield step
            continue
        identity = step.op, tuple(sorted(step.attributes.items())), step.inputs
        if identity in first:
            names[step.made] = first[identity]
        else:
            first[identity] = step.made
            yield step


def _marked(steps: Iterable[_Step]) -> Iterator[_Step]:
    """The same, where what reads zeros says so."""
    empty = set[str]()
    for step in steps:
        if step.op == "zero":
            empty.add(step.made)
        elif count := sum(name in empty for name in step.inputs):
            step = replace(step, attributes=frozen({**step.attributes, "zeros": count}))
        yield step


def _cut(network: NetworkSpec, rules: RuntimeRules) -> Iterator[_Step]:
    """Layers that are run, in order, as the runtime cuts them."""
    pairwise = any(op == "add" for _, op in rules.fusions)
    activated = set[str]()
    for node in _alive(network, rules.liveness):
        if passes_on(node):
            continue
        step = _Step(
            node.op,
            node.attributes,
            _sources(network, node),
            network.input_shapes(node),
            node.id,
            node.shape,
            node.id,
        )
        if pairwise and node.op == "add" and len(step.inputs) > 2:
            yield from _pairs(step)
        elif rules.shared_activations and _acts_first(node):
            act, step = _apart(step)
            if act.made not in activated:
                activated.add(act.made)
                yield act
            yield step
        else:
            yield step


def _laid_out(
    network: NetworkSpec, steps: Sequence[_Step], blocked: set[str], block: int, *, whole: bool
) -> Iterator[_Step]:
    """The same with changes of layout where a layer cannot read what it is given; `blocked`
    holds the inputs that arrive blocked, and collects all other such tensors."""
    changed = set[str]()
    for step in steps:
        reads, writes = _layouts(step, blocked, block)
        inputs = []
        for name, shape in zip(step.inputs, step.shapes, strict=True):
            given = "blocked" if name in blocked else "plain"
            made = name if given == reads else f"{name}:{reads}"
            inputs.append(made)
            if made != name and made not in changed:
                changed.add(made)
                yield _Step("identity", {"to": reads}, (name,), (shape,), made, shape, step.node)
        if writes == "blocked":
            blocked.add(step.made)
        read = tuple(inputs)
        yield step if read == step.inputs else replace(step, inputs=read)
    ends = [seen_through(network, name) for name in network.outputs] if whole else []
    for name in dict.fromkeys(ends):
        if name in blocked and f"{name}:plain" not in changed:
            shape, to = network.shapes[name], {"to": "plain"}
            yield _Step("identity", to, (name,), (shape,), f"{name}:plain", shape, name)


def _layouts(step: _Step, blocked: AbstractSet[str], block: int) -> tuple[str, str]:
    """Which layout a layer reads, and which it writes."""
    if step.op == "conv":
        channels, out = step.shapes[0][0], step.attributes["out_channels"]
        if step.attributes["groups"] > 1 and out % block:
            return "plain", "plain"
        return ("plain" if channels < block else "blocked"), "blocked"
    if step.op in ("avg_pool", "max_pool") and step.shapes[0][0] % block == 0:
        return "blocked", "blocked"
    follows = step.op == "add" or (step.op == "norm_act" and step.attributes["norm"] == "none")
    if follows and all(name in blocked for name in step.inputs):
        return "blocked", "blocked"
    return "plain", "plain"


def _acts_first(node: Node) -> bool:
    order = node.attributes.get("order", "")
    return bool(order.startswith("act_")) and node.attributes["activation"] != "none"


def _apart(step: _Step) -> tuple[_Step, _Step]:
    """A convolution with an activation before it as two layers."""
    activation, shape = step.attributes["activation"], step.shapes[0]
    act = OPS.resolve("norm_act").complete({"norm": "none", "activation": activation})
    name = f"{step.inputs[0]}:{activation}"  # ids of layers have no colon
    rest = frozen({**step.attributes, "order": "conv_norm_act", "activation": "none"})
    return (
        _Step("norm_act", act, step.inputs[:1], (shape,), name, shape, step.node),
        _Step(step.op, rest, (name,), (shape,), step.made, step.shape, step.node),
    )


def _pairs(step: _Step) -> Iterator[_Step]:
    """A sum of many terms as sums of two, left to right."""
    total, last = step.inputs[0], len(step.inputs) - 1
    for place, term in enumerate(step.inputs[1:], start=1):
        made = step.made if place == last else f"{step.made}:{place}"
        yield _Step(
            step.op, step.attributes, (total, term), step.shapes[:2], made, step.shape, step.node
        )
        total = made


def _sources(network: NetworkSpec, node: Node) -> tuple[str, ...]:
    """What a layer reads, aliases seen through."""
    return tuple(seen_through(network, name) for name in node.inputs)


def seen_through(network: NetworkSpec, name: str) -> str:
    """The tensor that a name stands for, aliases left out."""
    while (node := network.by_id.get(name)) is not None and passes_on(node):
        name = node.inputs[0]
    return name


def _alive(network: NetworkSpec, liveness: Liveness) -> list[Node]:
    """Layers that are run, in order."""
    if liveness == "none":
        return list(network.nodes)
    needed = {seen_through(network, name) for name in network.outputs} | set(network.outputs)
    dead = zeros(network) if liveness == "full_path" else set[str]()
    kept = []
    for node in reversed(network.nodes):
        if node.id in needed and node.id not in dead:
            kept.append(node)
            needed.update(node.inputs)
    return kept[::-1]


def zeros(network: NetworkSpec) -> set[str]:
    """Layers that compute on nothing but zeros."""
    dead = set[str]()
    for node in network.nodes:
        if node.op == "zero" or (node.inputs and all(name in dead for name in node.inputs)):
            dead.add(node.id)
    return dead


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
