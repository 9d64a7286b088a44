"""Networks that show what one execution unit takes among others: chains of copies, and taps.

A unit timed alone sits in warm caches and misses what dispatching costs, so copies are timed
within a longer network, and two lengths are subtracted: what both share, cancels
(layer-in-context timing, as for ProxylessNAS' and OFA's tables).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, islice
from typing import Any

from search_engine.costs.units import RuntimeRules, Unit, units_of
from search_engine.errors import PredictorError, SearchEngineError
from search_engine.network import InputSpec, NetworkSpec, Node, Shape
from search_engine.ops import OPS

SHORT, LONG = 2, 12
"""Copies in the two networks that are timed for one unit."""


def probe_network(unit: Unit, copies: int, *, of: int = LONG) -> NetworkSpec:
    """A network with so many copies of a unit; networks of different counts differ in them only.

    Where the output can feed the next copy, copies form a chain. Elsewhere they are taps: a chain
    of `of` normalisations (each link a fresh tensor, so that no two copies compute the same)
    whose last links are read by one copy each.

    Args:
        copies: 0 to `of`.

    Raises:
        PredictorError: no network of ours can hold it: a change of layout, a fused layer whose
            settings are not part of the unit, or inputs that cannot be made.
    """
    if not 0 <= copies <= of:
        raise PredictorError(f"A probe of {of} has 0 to {of} copies, got {copies}.")
    try:
        net = _Net()
        if chains(unit):
            return net.chain(unit, copies)
        return net.taps(unit, copies, of)
    except SearchEngineError as error:
        raise PredictorError(f"{unit.key} cannot be timed in a network: {error}") from error


def probes(unit: Unit) -> tuple[NetworkSpec, NetworkSpec]:
    """The short and the long network whose difference is `LONG - SHORT` units. PredictorError."""
    return probe_network(unit, SHORT), probe_network(unit, LONG)


def pair_network(first: Unit, second: Unit, copies: int) -> NetworkSpec:
    """A chain in which every copy of the first unit is followed by one of the second.

    Further inputs of the second read what came before the first, as in a residual block.

    Raises:
        PredictorError: a unit changes the shape, or cannot be built.
    """
    if not (chains(first) and chains(second) and first.output == second.output):
        raise PredictorError(f"{first.key} and {second.key} form no chain: shapes change.")
    try:
        return _Net().chain_of_pairs(first, second, copies)
    except SearchEngineError as error:
        raise PredictorError(f"{first.key}, {second.key} form no network: {error}") from error


def kernel_time(short_ms: float, long_ms: float, copies: int = LONG - SHORT) -> float:
    """Milliseconds of one unit; below 0 if noise was larger than what it takes.

    Args:
        copies: how many more units the long network has.
    """
    if copies < 1:
        raise PredictorError(f"The long network has at least one unit more, got {copies}.")
    return (long_ms - short_ms) / copies


def kernel_spread(
    short_ms: float, long_ms: float, short_cv: float, long_cv: float, copies: int = LONG - SHORT
) -> float:
    """Standard deviation of `kernel_time` as a share of it, from the shares of both networks."""
    taken = kernel_time(short_ms, long_ms, copies)
    if taken <= 0:
        return math.inf
    return math.hypot(short_ms * short_cv, long_ms * long_cv) / copies / taken


def chains(unit: Unit) -> bool:
    """Whether each copy can read what the copies before it made."""
    return all(shape == unit.output for shape in unit.inputs)


def shows_unit(unit: Unit, rules: RuntimeRules) -> bool:
    """Whether a runtime with these rules runs each copy as the unit that was asked for."""
    short, long = (
        sum(other.key == unit.key for other in units_of(network, rules)) for network in probes(unit)
    )
    return long - short == LONG - SHORT


class _Net:
    """A network under construction, over one input tensor."""

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._shapes: dict[str, Shape] = {}
        self._numbers = count(1)

    def chain(self, unit: Unit, copies: int) -> NetworkSpec:
        """Copies one after the other; of several inputs, each reads the latest tensors."""
        made = [self._start(unit.output)]
        while len(made) < len(unit.inputs):  # sums of one tensor with itself may be simplified
            made.append(self._link(made[-1]))
        for _ in range(copies):
            latest = list(reversed(made[-len(unit.inputs) :]))
            made.append(self._copy(unit, latest))
        if not copies:
            made.append(self._link(made[-1]))
        return self._network([made[-1]])

    def chain_of_pairs(self, first: Unit, second: Unit, copies: int) -> NetworkSpec:
        """Copies of two units in turn."""
        made = [self._link(self._start(first.output))]
        while len(made) < max(len(first.inputs), len(second.inputs)):
            made.append(self._link(made[-1]))
        for _ in range(copies):
            before = list(reversed(made))
            middle = self._copy(first, before[: len(first.inputs)])
            made.append(self._copy(second, [middle, *before[: len(second.inputs) - 1]]))
        return self._network([made[-1]])

    def taps(self, unit: Unit, copies: int, of: int) -> NetworkSpec:
        """A chain of links per input; the last `copies` links of each are read by a copy."""
        begin = self._start(unit.inputs[0])
        chains = []
        for number, shape in enumerate(unit.inputs):
            links = [self._adapted(begin, shape) if number else begin]
            links += islice(self._links(links[0]), of)
            chains.append(links)
        ends = [links[-1] for links in chains]
        outputs = [self._copy(unit, [links[-1 - tap] for links in chains]) for tap in range(copies)]
        return self._network([*ends, *outputs])

    def _links(self, name: str) -> Iterator[str]:
        while True:
            name = self._link(name)
            yield name

    def _start(self, shape: Shape) -> str:
        self._shapes["input"] = shape
        return "input"

    def _link(self, name: str) -> str:
        """A cheap layer with weights of its own, which no runtime merges with another."""
        shape = self._shapes[name]
        if len(shape) == 3:
            return self._add("norm_act", {"norm": "batch", "activation": "none"}, [name])
        if len(shape) == 1:
            return self._add("linear", {"outputs": shape[0], "activation": "none"}, [name])
        raise PredictorError(f"it reads a tensor of shape {shape}, neither a map nor a vector.")

    def _adapted(self, name: str, shape: Shape) -> str:
        """A tensor of another shape, made from one that is there."""
        if self._shapes[name] == shape:
            return self._link(name)
        if len(shape) != 3 or len(self._shapes[name]) != 3 or shape[1] != shape[2]:
            raise PredictorError(f"no input of shape {shape} can be made for it.")
        if self._shapes[name][1:] != shape[1:]:
            name = self._add("resize", {"side": shape[1], "mode": "nearest"}, [name])
        return self._add("conv", {"out_channels": shape[0], "kernel": 1}, [name])

    def _copy(self, unit: Unit, inputs: Sequence[str]) -> str:
        own = len(unit.own_inputs)
        others = list(inputs[own:])
        name = self._add(unit.op, unit.attributes, inputs[:own])
        for op in unit.fused:
            if OPS.resolve(op).complete({}):
                raise PredictorError(f"settings of the fused {op} are not part of the unit.")
            name = self._add(op, {}, [name, *others[:1]])
            others = others[1:]
        if others:
            raise PredictorError("which of its layers reads which input is not known.")
        if self._shapes[name] != unit.output:
            raise PredictorError(f"its copy has the output {self._shapes[name]}.")
        return name

    def _add(self, op: str, attributes: Mapping[str, Any], inputs: Sequence[str]) -> str:
        rule = OPS.resolve(op)
        complete = rule.complete(attributes)
        shape = rule.shape(complete, [self._shapes[name] for name in inputs])
        name = f"{op}_{next(self._numbers)}"
        self._nodes.append(Node(name, op, tuple(inputs), complete, shape))
        self._shapes[name] = shape
        return name

    def _network(self, outputs: Sequence[str]) -> NetworkSpec:
        entry = InputSpec("input", self._shapes["input"])
        return NetworkSpec((entry,), tuple(self._nodes), tuple(dict.fromkeys(outputs)))
