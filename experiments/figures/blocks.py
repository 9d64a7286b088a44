"""Blocks of a graph before they are drawn: laid out, folded when drawn elsewhere, set in lines."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.figures.dag import Placement, place
from experiments.figures.layers import BlockRow, Layer, signature
from experiments.figures.strip import pretty

WIDTH = 1240
NODE, HIGH, GAP = 104, 38, 22  # a layer's box and the gap to the next one
MERGE = 24  # diameter of a merge's circle
PORT = 20  # from the border of a block to its first layer
LANE, THIN = HIGH + 14, 16  # height of a lane with layers, of one with edges only
BETWEEN = 78  # between blocks: room for the shape on the edge
TITLE = 24
RUN = 5  # where edges come down to the next row
STAGE = 26
MAX_LAYERS = 400


@dataclass(frozen=True)
class Group:
    """A block with its layout, or folded to one box when it is drawn elsewhere."""

    row: BlockRow
    layout: Placement
    folded: bool = False
    name: str = ""

    @property
    def widths(self) -> list[float]:
        """Width of each column: merges are narrower than layers."""
        columns = [float(MERGE)] * self.layout.columns
        for layer in self.row.layers:
            at = self.layout.column[layer.id]
            columns[at] = max(columns[at], layer_width(layer))
        return columns

    @property
    def width(self) -> float:
        if self.folded:
            return 150.0
        return sum(self.widths) + GAP * (self.layout.columns - 1) + 2 * PORT

    def above(self) -> float:
        """Height from the top of the block to its main line."""
        lanes = [] if self.folded else [x for x in self.layout.lanes if x < 0]
        return TITLE + sum(self._high(x) for x in lanes) + LANE / 2

    def below(self) -> float:
        lanes = [] if self.folded else [x for x in self.layout.lanes if x > 0]
        return LANE / 2 + sum(self._high(x) for x in lanes) + 4

    def offset(self, lane: int) -> float:
        """From the main line to the middle of a lane, positive downwards."""
        between = range(min(lane, 0), max(lane, 0) + 1)
        middle = sum(self._high(x) for x in between) - (self._high(lane) + LANE) / 2
        return middle if lane > 0 else -middle

    def _high(self, lane: int) -> float:
        return LANE if lane in self.layout.tall or lane == 0 else THIN


def fold(rows: Sequence[BlockRow]) -> tuple[list[Group], list[Group]]:
    """Groups for the rows of stages, and those cells that are drawn once below them."""
    times: Counter[object] = Counter()
    for row in rows:
        times[signature(row)] += row.repeats
    names: dict[object, str] = {}
    groups, cells = [], []
    total = sum(len(row.layers) for row in rows)
    for row in rows:
        key, layout = signature(row), place(row.layers)
        again = layout.branches and times[key] > 1
        if again and key not in names:
            same = [other for other in rows if signature(other) == key]
            names[key] = _name(row, names)
            cells.append(Group(_joined(same), layout, name=names[key]))
        folded = again or total > MAX_LAYERS
        groups.append(Group(row, layout, folded, names.get(key, "")))
    return groups, cells


def _name(row: BlockRow, names: dict[object, str]) -> str:
    """The block's label; a second kind of cell with the same label gets a letter."""
    text = pretty(row.block.label)
    text = text[:1].upper() + text[1:]
    used = sum(1 for name in names.values() if name.split(" ·")[0] == text)
    return f"{text} · {chr(65 + used % 26)}" if used else text


def _joined(rows: Sequence[BlockRow]) -> BlockRow:
    """One row that stands for equal cells anywhere in the network."""
    same = tuple(layers for row in rows for layers in row.same)
    return BlockRow(rows[0].block, rows[0].layers, sum(row.repeats for row in rows), same)


def wrap(groups: Sequence[Group]) -> list[list[Group]]:
    """Lines of a stage: as many blocks side by side as fit."""
    lines: list[list[Group]] = [[]]
    used = float(BETWEEN)
    for group in groups:
        if lines[-1] and used + group.width > WIDTH:
            lines.append([])
            used = float(BETWEEN)
        lines[-1].append(group)
        used += group.width + BETWEEN
    return lines


def is_merge(layer: Layer) -> bool:
    """Drawn as a small circle: several inputs and a sign for a name."""
    return len(layer.inputs) > 1 and len(layer.label) <= 2


def layer_width(layer: Layer) -> float:
    """Of the box: room for the label."""
    if is_merge(layer):
        return float(MERGE)
    return float(max(NODE, 40 + 6.3 * len(layer.label)))
