"""Places the layers of a block: columns by depth, the main path on lane 0, skips above it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiments.figures.layers import Layer

ENTRY = ""  # stands for whatever the block reads from outside


@dataclass(frozen=True, slots=True)
class Edge:
    """From one layer (or the block's entry) to another; `lane` is where a long one runs."""

    source: str
    target: str
    lane: int | None


@dataclass(frozen=True, slots=True)
class Placement:
    """Column and lane per layer id; lanes above the main path are negative.

    Attributes:
        columns: number of columns.
        tall: lanes that hold layers, the others only pass edges on.
    """

    column: Mapping[str, int]
    lane: Mapping[str, int]
    edges: tuple[Edge, ...]
    columns: int
    tall: frozenset[int]

    @property
    def lanes(self) -> list[int]:
        """Every lane in use, from top to bottom."""
        used = set(self.lane.values()) | {e.lane for e in self.edges if e.lane is not None}
        return sorted(used | {0})

    @property
    def branches(self) -> bool:
        """Layers lie side by side, not only one after another."""
        return len(self.tall) > 1


def place(layers: Sequence[Layer]) -> Placement:
    """Lay out one block.

    A layer stands one column after the latest of its inputs, on the lane of its first input if
    that is free, else on the nearest free lane below. An edge that passes over columns runs on
    the nearest lane above the main path that is free all the way.
    """
    inside = {layer.id for layer in layers}
    sources = {x.id: [n if n in inside else ENTRY for n in x.node.inputs] for x in layers}
    column = {ENTRY: -1}
    for layer in layers:
        column[layer.id] = max(column[name] for name in sources[layer.id]) + 1
    taken: set[tuple[int, int]] = set()
    lane = {ENTRY: 0}
    for layer in layers:
        lane[layer.id] = _free(taken, column[layer.id], _preferred(layer.id, sources, column, lane))
        taken.add((column[layer.id], lane[layer.id]))
    edges = tuple(
        _edge(source, target, column, lane, taken)
        for target, names in sources.items()
        for source in names
    )
    del column[ENTRY], lane[ENTRY]
    return Placement(
        column, lane, edges, 1 + max(column.values(), default=-1), frozenset(lane.values())
    )


def _preferred(
    key: str,
    sources: Mapping[str, Sequence[str]],
    column: Mapping[str, int],
    lane: Mapping[str, int],
) -> int:
    """The lane of the longest path that arrives."""
    return lane[max(sources[key], key=lambda name: (column[name], -abs(lane[name])))]


def _free(taken: set[tuple[int, int]], column: int, lane: int) -> int:
    while (column, lane) in taken:
        lane += 1
    return lane


def _edge(
    source: str,
    target: str,
    column: Mapping[str, int],
    lane: Mapping[str, int],
    taken: set[tuple[int, int]],
) -> Edge:
    between = range(column[source] + 1, column[target])
    straight = {(at, lane[source]) for at in between}
    if not between or (lane[source] == lane[target] != 0 and not straight & taken):
        taken |= straight
        return Edge(source, target, None)
    run = -1
    while any((at, run) in taken for at in between):
        run -= 1
    taken |= {(at, run) for at in between}
    return Edge(source, target, run)
