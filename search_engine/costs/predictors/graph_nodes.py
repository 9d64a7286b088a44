"""Networks as graphs of execution units: features of units, edges between them, repeats folded."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_engine.costs.predictors.features import family
from search_engine.costs.predictors.protocol import Floats
from search_engine.costs.units import RuntimeRules, Unit, units_of
from search_engine.network import NetworkSpec
from search_engine.ops import OPS

Edge = tuple[int, int]


@dataclass(frozen=True)
class UnitGraph:
    """One network.

    Attributes:
        units: in the runtime's order; equal blocks that follow one another are kept once.
        repeats: how many blocks each unit stands for.
        edges: `e x 2` places of maker and reader; double where a reader reads a tensor twice.
    """

    units: tuple[Unit, ...]
    repeats: Floats
    edges: NDArray[np.int64]

    def sizes(self) -> Floats:
        """`u x 4`: log of 1 + MACs, values moved, parameters (each in thousands), and repeats."""
        rows = [(u.macs / 1e3, u.values_moved / 1e3, u.params / 1e3) for u in self.units]
        sizes: Floats = np.log1p(np.column_stack([np.array(rows).reshape(-1, 3), self.repeats]))
        return sizes

    def families(self) -> list[str]:
        """The family of each unit."""
        return [family(unit) for unit in self.units]


def graph_of(network: NetworkSpec, rules: RuntimeRules) -> UnitGraph:
    """Cut a network into units, join them, and fold repeated blocks."""
    units = units_of(network, rules)
    blocks = [network.by_id[unit.nodes[0]].block for unit in units]
    return _folded(units, blocks, _edges(network, units))


def _edges(network: NetworkSpec, units: Sequence[Unit]) -> list[Edge]:
    """Maker and reader of every tensor, identities seen through."""
    owner = {name: place for place, unit in enumerate(units) for name in unit.nodes}
    for node in network.nodes:
        if OPS.resolve(node.op).alias and node.inputs[0] in owner:
            owner[node.id] = owner[node.inputs[0]]
    return [
        (owner[name], place)
        for place, unit in enumerate(units)
        for node in unit.nodes
        for name in network.by_id[node].inputs
        if name in owner and owner[name] != place
    ]


def _folded(units: Sequence[Unit], blocks: Sequence[str], edges: Sequence[Edge]) -> UnitGraph:
    """Keep the first of equal blocks that read nothing but the block before."""
    members: dict[str, list[int]] = {}
    for place, block in enumerate(blocks):
        members.setdefault(block or f"unit {place}", []).append(place)
    stands_for = np.arange(len(units))
    repeats = np.ones(len(units))
    before: list[int] = []
    known = None
    for places in members.values():
        shape, outside = _signature(units, places, edges)
        if known == shape and outside <= set(before):
            kept = stands_for[before]
            stands_for[places] = kept
            repeats[kept] += 1
        before, known = places, shape
    kept = np.unique(stands_for)
    new = {int(place): i for i, place in enumerate(kept)}
    joined = [(new[int(stands_for[a])], new[int(stands_for[b])]) for a, b in edges if b in new]
    forward = [edge for edge in joined if edge[0] < edge[1]]
    return UnitGraph(
        tuple(units[place] for place in kept),
        repeats[kept],
        np.array(forward, dtype=np.int64).reshape(-1, 2),
    )


def _signature(
    units: Sequence[Unit], places: Sequence[int], edges: Sequence[Edge]
) -> tuple[object, set[int]]:
    """What a block is, whatever its units are called, and the units outside that it reads."""
    local = {place: i for i, place in enumerate(places)}
    inside = sorted((local.get(a, -1), local[b]) for a, b in edges if b in local)
    outside = {a for a, b in edges if b in local and a not in local}
    return (tuple(units[place].key for place in places), tuple(inside)), outside
