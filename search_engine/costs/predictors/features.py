"""Networks as numbers for fitted cost models: execution units, counted and described."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from search_engine.costs.predictors.protocol import Floats
from search_engine.costs.units import RuntimeRules, Unit, units_of
from search_engine.errors import PredictorError
from search_engine.network import NetworkSpec
from search_engine.ops import OPS


@dataclass(frozen=True)
class UnitCounts:
    """How often each distinct execution unit occurs in each network.

    Attributes:
        rules: by which the networks were cut into units.
        units: distinct by key, in the order of first appearance.
        counts: `n x len(units)`.
        longest: `n x 2`: units on the longest path, and million multiply-accumulates on the
            heaviest one. What runs beside these paths may run at the same time.
    """

    rules: RuntimeRules
    units: tuple[Unit, ...]
    counts: Floats
    longest: Floats

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Some of the networks."""
        return type(self)(self.rules, self.units, self.counts[rows], self.longest[rows])


def count_units(networks: Sequence[NetworkSpec], rules: RuntimeRules) -> UnitCounts:
    """Cut networks into units and count them; one that executes no layer is a row of zeros."""
    places: dict[str, int] = {}
    units: list[Unit] = []
    found: list[dict[int, int]] = []
    longest = np.zeros((len(networks), 2))
    for number, network in enumerate(networks):
        mine = units_of(network, rules)
        row: dict[int, int] = {}
        for unit in mine:
            place = places.setdefault(unit.key, len(units))
            if place == len(units):
                units.append(unit)
            row[place] = row.get(place, 0) + 1
        found.append(row)
        longest[number] = _longest(network, mine)
    counts = np.zeros((len(networks), len(units)))
    for number, row in enumerate(found):
        counts[number, list(row)] = list(row.values())
    return UnitCounts(rules, tuple(units), counts, longest)


def family(unit: Unit) -> str:
    """Units that share coefficients: one kind, fused with the same, reading as many tensors."""
    return "&".join((unit.kind, *unit.fused)) + f"/{len(unit.inputs)}"


def unit_features(units: Sequence[Unit], families: Sequence[str]) -> Floats:
    """`m x 4k`: per family count, million MACs, million values moved and million parameters.

    Values moved are those of all inputs, the output and the parameters, each once.

    Raises:
        PredictorError: a unit is of none of the families.
    """
    place = {name: 4 * i for i, name in enumerate(families)}
    rows = np.zeros((len(units), 4 * len(families)))
    for row, unit in zip(rows, units, strict=True):
        start = place.get(family(unit))
        if start is None:
            raise PredictorError(
                f"No fitted network holds a unit like {unit.key!r} ({family(unit)}); known are "
                f"{', '.join(families)}. Measure networks with this layer and fit again."
            )
        moved = unit.values_moved + unit.params
        row[start : start + 4] = (1.0, unit.macs / 1e6, moved / 1e6, unit.params / 1e6)
    return rows


def _longest(network: NetworkSpec, units: Sequence[Unit]) -> tuple[float, ...]:
    """Units on the longest path and million MACs on the heaviest."""
    steps: dict[str, float] = {}
    work: dict[str, float] = {}
    heads = {unit.nodes[0]: unit for unit in units}
    member = {node for unit in units for node in unit.nodes}
    for node in network.nodes:
        before = node.inputs
        unit = heads.get(node.id)
        steps[node.id] = max((steps.get(name, 0.0) for name in before), default=0.0)
        work[node.id] = max((work.get(name, 0.0) for name in before), default=0.0)
        if unit is not None:
            steps[node.id] += 1
            work[node.id] += unit.macs / 1e6
        elif node.id not in member and not OPS.resolve(node.op).alias:
            steps[node.id] = work[node.id] = 0.0  # never run
    ends = [unit.nodes[-1] for unit in units]
    return tuple(max((reach[name] for name in ends), default=0.0) for reach in (steps, work))
