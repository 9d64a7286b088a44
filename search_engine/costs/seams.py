"""What a runtime may still do across the cut between two pieces of a network."""

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import numpy as np

from search_engine.costs.predictors.protocol import Floats, Summed
from search_engine.costs.units import (
    BLOCKED,
    Cut,
    Unit,
    cut,
    may_grow,
    seen_through,
    units_of,
    zeros,
)
from search_engine.network import InputSpec, NetworkSpec, Node, Shape
from search_engine.spaces.language.emission import Emission, Part
from search_engine.types import Genes

START, END = 0, 1
"""The network's input; and a seam behind which sums over pieces are not what is run."""


@dataclass(frozen=True)
class Seam:
    """A tensor, with as much of the network before it as matters for what follows.

    Attributes:
        network: the layers of the unit that makes the tensor if it may still grow, and those that
            read the tensor already; the first output is the tensor.
        open: key of the unit that may still grow: not counted yet; or empty.
    """

    network: NetworkSpec
    open: str

    @property
    def tensor(self) -> tuple[str, Shape]:
        """Name and shape."""
        name = self.network.outputs[0]
        return name, self.network.shapes[name]


class Seams:
    """Sums over the units of single pieces that add up to those of the network.

    Args:
        predictor: gives rows of units.
        shape: of the network's input.
        width: columns of the rows.
    """

    def __init__(self, predictor: Summed, shape: Shape, width: int) -> None:
        self._predictor, self._rules = predictor, predictor.rules
        self.nothing = np.zeros(width)
        start = NetworkSpec((InputSpec("~0", tuple(shape)),), (), ("~0",))
        self._seams = {START: Seam(start, "")}
        self._numbers: dict[object, int] = {}
        self._endings: dict[int, Floats] = {}
        self._units: dict[str, Unit] = {}
        self._counts: dict[int, Counter[str]] = {}

    def through(
        self, part: Part, genes: Genes, active: tuple[bool, ...], number: int
    ) -> tuple[Floats, int]:
        """What a piece adds to the sums behind a seam, and the seam after it."""
        seam = self._seams[number]
        before, out = seam.network, Emission(genes, active)
        y, _ = part.emit(out, seam.tensor)
        if not out.nodes:
            return self.nothing, number
        outputs = tuple(dict.fromkeys((y, *before.outputs[1:])))
        network = NetworkSpec(before.inputs, (*before.nodes, *out.nodes), outputs)
        found = cut(network, self._rules, whole=False)
        if self._reaches_back(network, seam, found.units):
            return self.nothing, END
        after = self._after(network, found)
        counts = self._counted(found.units)
        counts.subtract(self._before(number))
        counts[seam.open] += 1
        counts[after.open] -= 1
        return self._row(counts), self._number(after)

    def ending(self, number: int) -> Floats:
        """What is still to be added where the network ends at a seam."""
        if number == END:
            return self.nothing
        if number not in self._endings:
            seam = self._seams[number]
            network = replace(seam.network, outputs=seam.network.outputs[:1])
            rules = replace(self._rules, liveness="none")  # keep those that read it already
            counts = self._counted(units_of(network, rules))
            counts.subtract(self._counted(units_of(network, rules, whole=False)))
            counts[seam.open] += 1
            self._endings[number] = self._row(counts)
        return self._endings[number]

    def _before(self, number: int) -> Counter[str]:
        """Units of the layers that a seam carries along."""
        if number not in self._counts:
            units = units_of(self._seams[number].network, self._rules, whole=False)
            self._counts[number] = self._counted(units)
        return self._counts[number]

    def _reaches_back(self, network: NetworkSpec, seam: Seam, units: Sequence[Unit]) -> bool:
        """Whether layers before the seam are not run because of what follows it."""
        if self._rules.liveness == "none":
            return False
        source = seam.tensor[0]
        if self._rules.liveness == "full_path" and self._end(network) in zeros(network):
            return True
        fresh = {name for unit in units for name in unit.nodes}.difference(seam.network.by_id)
        reads = {seen_through(network, i) for name in fresh for i in network.by_id[name].inputs}
        return self._end(network) != source and source not in reads

    @staticmethod
    def _end(network: NetworkSpec) -> str:
        return seen_through(network, network.outputs[0])

    def _after(self, network: NetworkSpec, found: Cut) -> Seam:
        y, rules = self._end(network), self._rules
        run = {name for unit in found.units for name in unit.nodes}
        readers = [
            node
            for node in network.nodes
            if node.id in run and any(seen_through(network, name) == y for name in node.inputs)
        ]
        maker = found.makers.get(y)
        grows = maker is not None and may_grow(maker, rules) and not readers
        kept = set(maker.nodes) if maker is not None and grows else set[str]()
        if rules.shared_activations or rules.block or rules.merges:
            kept.update(node.id for node in readers)
        if rules.zeros_apart and maker is not None and maker.op == "zero":
            kept.update(maker.nodes)  # what follows is to know that it reads zeros
        read = [node.id for node in readers if node.id in kept]
        rest = _cut_out(network, kept, (y, *read), found.blocked)
        return Seam(rest, maker.key if maker is not None and grows else "")

    def _counted(self, units: Sequence[Unit]) -> Counter[str]:
        self._units.update((unit.key, unit) for unit in units)
        return Counter(unit.key for unit in units)

    def _row(self, counts: Counter[str]) -> Floats:
        there = {key: count for key, count in counts.items() if count and key}
        if not there:
            return self.nothing
        rows = self._predictor.unit_rows([self._units[key] for key in there])
        return np.asarray(np.array(list(there.values()), dtype=np.float64) @ rows)

    def _number(self, seam: Seam) -> int:
        network = seam.network
        identity = (
            seam.open,
            network.outputs,
            tuple((item.name, item.shape, item.kind) for item in network.inputs),
            tuple(
                (n.id, n.op, n.inputs, tuple(sorted(n.attributes.items()))) for n in network.nodes
            ),
        )
        if identity not in self._numbers:
            self._numbers[identity] = len(self._numbers) + END + 1
            self._seams[self._numbers[identity]] = seam
        return self._numbers[identity]


def _cut_out(
    network: NetworkSpec, kept: AbstractSet[str], ends: Sequence[str], blocked: AbstractSet[str]
) -> NetworkSpec:
    """Some layers of a network alone, with names that do not say where they stood."""
    names: dict[str, str] = {}
    inputs: list[InputSpec] = []

    def called(name: str) -> str:
        name = seen_through(network, name)
        if name not in names:
            names[name] = f"~{len(names)}"
            kind = BLOCKED if name in blocked else "image"
            inputs.append(InputSpec(names[name], network.shapes[name], kind))
        return names[name]

    nodes = []
    for node in network.nodes:
        if node.id in kept:
            sources = tuple(called(name) for name in node.inputs)
            names[node.id] = f"~{len(names)}"
            nodes.append(Node(names[node.id], node.op, sources, node.attributes, node.shape))
    outputs = tuple(dict.fromkeys(called(name) for name in ends))
    return NetworkSpec(tuple(inputs), tuple(nodes), outputs)
