"""The graph: every layer of a network, stages as rows, skips as arcs, equal cells drawn once."""

from collections.abc import Sequence
from itertools import groupby
from math import log10, prod

from experiments.figures import numbers, palette, svg
from experiments.figures.blocks import (
    BETWEEN,
    GAP,
    HIGH,
    LANE,
    MERGE,
    PORT,
    RUN,
    STAGE,
    WIDTH,
    Group,
    fold,
    is_merge,
    layer_width,
    wrap,
)
from experiments.figures.dag import ENTRY, Edge
from experiments.figures.layers import BlockRow, Layer, block_rows, channels, side, tensor
from experiments.figures.strip import band, family_legend, pretty, stage_name
from search_engine.network import NetworkSpec


def graph_svg(network: NetworkSpec, *, title: str = "") -> str:
    """Draw every layer; a cell with parallel layers that occurs again is drawn once, with ×n.

    Layers carry `data-nodes` (ids of the nodes they stand for, separated by spaces). Networks
    with more than 400 layers to draw keep all blocks folded.
    """
    groups, cells = fold(block_rows(network))
    width = max([WIDTH, *(2 * BETWEEN + group.width for group in (*groups, *cells))])
    root = svg.canvas(width, 10, title or "Every layer of the architecture", _words(groups, cells))
    pen = _Pen(root)
    y = pen.stages(network, groups, 20.0)
    y = pen.cells(cells, y)
    families = dict.fromkeys(x.family for g in (*groups, *cells) for x in g.row.layers)
    family_legend(root, 0, y + 10, list(families))
    words = "corner of a layer: the axes it mixes (C channels, HW pixels)"
    svg.label(root, width, y + 10, words, 10, class_="second", text_anchor="end")
    svg.resize(root, width, y + 18)
    return svg.render(root)


class _Pen:
    """Draws groups onto the canvas."""

    def __init__(self, root: svg.Element) -> None:
        self.root = root

    def stages(self, network: NetworkSpec, groups: Sequence[Group], y: float) -> float:
        """All stages, one below the other; returns where the drawing ends."""
        shape = network.inputs[0].shape
        arrival: tuple[float, float] | None = None
        for stage, members in groupby(groups, lambda group: group.row.block.stage):
            row = list(members)
            blocks = sum(group.row.repeats for group in row)
            facts = [stage_name(stage), side(row[-1].row.shape), f"×{blocks}" if blocks > 1 else ""]
            svg.label(
                self.root, RUN + 10, y, " · ".join(filter(None, facts)), 12.5, class_="strong"
            )
            y += 10
            for line in wrap(row):
                above = max(group.above() for group in line)
                main = y + above
                self._arrive(arrival, main, shape)
                arrival, shape = self._line(line, main, shape)
                y = main + max(group.below() for group in line) + 14
            y += STAGE - 6
        if arrival is not None:
            x, main = arrival
            svg.add(self.root, "path", d=f"M{x} {main}h{BETWEEN / 2 - 2}", class_="edge")
            svg.arrow_head(self.root, x + BETWEEN / 2, main)
            words = "output " + ", ".join(tensor(network.shapes[name]) for name in network.outputs)
            svg.label(self.root, x + BETWEEN / 2 + 5, main + 4, words, 11, class_="second")
        return y

    def _arrive(self, start: tuple[float, float] | None, main: float, shape: object) -> None:
        """The edge into the first block of a line: from the input or from the line above."""
        end = BETWEEN - 4
        if start is None:
            svg.add(self.root, "path", d=f"M{RUN} {main}H{end - 2}", class_="edge")
            svg.label(self.root, RUN + 10, main - 17, "input", 10.5, class_="second")
        else:
            x, y = start
            turn = y + LANE / 2 + 12
            path = f"M{x} {y}h10V{turn}H{RUN}V{main}H{end - 2}"
            svg.add(self.root, "path", d=path, class_="edge")
        svg.arrow_head(self.root, end, main)
        svg.label(self.root, RUN + 10, main - 5, tensor(shape), 10.5, class_="second")

    def _line(
        self, line: Sequence[Group], main: float, shape: tuple[int, ...]
    ) -> tuple[tuple[float, float], tuple[int, ...]]:
        x = float(BETWEEN - 4)
        for position, group in enumerate(line):
            if position:
                self._between(x - BETWEEN, x, main, line[position - 1].row.shape, shape)
            shape = line[position - 1].row.shape if position else shape
            self.block(group, x, main)
            x += group.width + BETWEEN
        return (x - BETWEEN, main), line[-1].row.shape

    def _between(
        self, start: float, end: float, y: float, shape: tuple[int, ...], before: tuple[int, ...]
    ) -> None:
        svg.add(
            self.root, "path", d=f"M{start} {y}H{end - 2}", class_="edge", stroke_width=_ink(shape)
        )
        svg.arrow_head(self.root, end, y)
        if shape != before:
            middle = (start + end) / 2 - 2
            svg.label(
                self.root, middle, y - 6, tensor(shape), 10.5, class_="second", text_anchor="middle"
            )

    def cells(self, cells: Sequence[Group], y: float) -> float:
        """The cells that were folded above, each drawn once."""
        for cell in cells:
            y += cell.above()
            self.block(cell, float(BETWEEN - 4), y)
            svg.add(self.root, "path", d=f"M{BETWEEN - 34} {y}h28", class_="edge")
            svg.arrow_head(self.root, BETWEEN - 4, y)
            end = BETWEEN - 4 + cell.width
            svg.add(self.root, "path", d=f"M{end} {y}h28", class_="edge")
            svg.arrow_head(self.root, end + 30, y)
            y += cell.below() + STAGE
        return y

    def block(self, group: Group, x: float, main: float) -> None:
        """The frame of a block, its title and what is in it."""
        row, top = group.row, main - group.above()
        high = group.above() + group.below()
        frame = svg.add(self.root, "g", class_="block", data_block=row.block.id)
        name = group.name or pretty(row.block.label)
        times = f" ×{row.repeats}" if row.repeats > 1 else ""
        svg.named(frame, f"{name}{times}", _costs(row))
        if row.repeats > 1:
            svg.add(
                frame,
                "rect",
                x=x + 4,
                y=top - 4,
                width=group.width,
                height=high,
                rx=8,
                class_="box",
            )
        svg.add(frame, "rect", x=x, y=top, width=group.width, height=high, rx=8, class_="box")
        svg.label(frame, x + 10, top + 16, name + times, 11.5, class_="strong")
        if group.folded:
            self._folded(frame, group, x, main)
            return
        for edge in group.layout.edges:
            self._edge(frame, group, edge, x, main)
        self._exit(frame, group, x, main)
        for layer in row.layers:
            self._layer(frame, group, layer, x, main)

    def _folded(self, frame: svg.Element, group: Group, x: float, main: float) -> None:
        band(frame, x + 10, main - HIGH / 2, HIGH, group.row.family, group.row.glyph)
        svg.label(frame, x + 40, main - 2, channels(group.row.shape), 11)
        svg.label(frame, x + 40, main + 13, _costs(group.row), 9.5, class_="second")

    def _edge(self, frame: svg.Element, group: Group, edge: Edge, x: float, main: float) -> None:
        start, y1 = self._out(group, edge.source, x, main)
        end, y2 = self._in(group, edge.target, x, main)
        if edge.lane is None and y1 == y2:
            path = f"M{start} {y1}H{end - 2}"
        elif edge.lane is None:
            middle = (start + end) / 2
            path = f"M{start} {y1}C{middle} {y1} {middle} {y2} {end - 2} {y2}"
        else:
            path = _arc(start, y1, end - 2, y2, main + group.offset(edge.lane))
        kind = "edge" if edge.lane is None else "edge skip"
        shape = group.row.layers[0].inputs[0]
        source = next((layer for layer in group.row.layers if layer.id == edge.source), None)
        svg.add(
            frame,
            "path",
            d=path,
            class_=kind,
            stroke_width=_ink(source.node.shape if source else shape),
        )
        svg.arrow_head(frame, end, y2)

    def _exit(self, frame: svg.Element, group: Group, x: float, main: float) -> None:
        start, y = self._out(group, group.row.layers[-1].id, x, main)
        end = x + group.width
        middle = (start + end) / 2
        path = f"M{start} {y}C{middle} {y} {middle} {main} {end} {main}"
        svg.add(frame, "path", d=path, class_="edge", stroke_width=_ink(group.row.shape))

    def _layer(self, frame: svg.Element, group: Group, layer: Layer, x: float, main: float) -> None:
        position = group.row.layers.index(layer)
        nodes = " ".join(same[position].id for same in group.row.same or (group.row.layers,))
        left, y = self._in(group, layer.id, x, main)
        node = svg.add(
            frame,
            "g",
            class_="layer",
            data_nodes=nodes,
            tabindex=0,
            role="img",
            aria_label=f"{layer.label}, {tensor(layer.node.shape)}",
        )
        svg.named(node, _layer_title(layer), _layer_costs(layer))
        if is_merge(layer):
            radius = MERGE / 2
            svg.add(node, "circle", cx=left + radius, cy=y, r=radius, class_="box")
            svg.label(node, left + radius, y + 5, layer.label, 15, text_anchor="middle")
            return
        top, wide = y - HIGH / 2, layer_width(layer)
        svg.add(node, "rect", x=left, y=top, width=wide, height=HIGH, rx=5, class_="box")
        band(node, left, top, HIGH, layer.family, layer.glyph)
        svg.label(node, left + 29, top + 16, layer.label.removeprefix("DW "), 11, class_="strong")
        svg.label(node, left + 29, top + 30, channels(layer.node.shape), 10, class_="second")
        axes = palette.family(layer.family).axes
        svg.label(node, left + wide - 4, top + 30, axes, 8, class_="second", text_anchor="end")

    def _in(self, group: Group, key: str, x: float, main: float) -> tuple[float, float]:
        """Left edge and middle of a layer."""
        layout, widths = group.layout, group.widths
        at = layout.column[key]
        layer = next(layer for layer in group.row.layers if layer.id == key)
        left = x + PORT + sum(widths[:at]) + GAP * at + (widths[at] - layer_width(layer)) / 2
        return left, main + group.offset(layout.lane[key])

    def _out(self, group: Group, key: str, x: float, main: float) -> tuple[float, float]:
        """Right edge and middle of a layer, or the entry of the block."""
        if key == ENTRY:
            return x, main
        layer = next(layer for layer in group.row.layers if layer.id == key)
        left, y = self._in(group, key, x, main)
        return left + layer_width(layer), y


def _arc(x1: float, y1: float, x2: float, y2: float, y: float) -> str:
    """Up beside the source, along a free lane, down beside the target."""
    r = 8
    up, down = (-r, r) if y < y1 else (r, -r)
    a, b = x1 + 4, x2 - 4
    return (
        f"M{x1} {y1}H{a - 3}Q{a} {y1} {a} {y1 + up}V{y + down}Q{a} {y} {a + r} {y}"
        f"H{b - r}Q{b} {y} {b} {y + down}V{y2 + up}Q{b} {y2} {x2} {y2}"
    )


def _ink(shape: Sequence[int]) -> float:
    """Stroke width of an edge: grows with the logarithm of the tensor's bytes (fp32)."""
    return round(min(3.0, max(1.0, 0.75 * (log10(4 * prod(shape)) - 1.6))), 2)


def _costs(row: BlockRow) -> str:
    return f"{numbers.metric('macs', row.macs)}, {numbers.compact(row.params)} par."


def _layer_title(layer: Layer) -> str:
    inputs = " + ".join(tensor(shape) for shape in layer.inputs)
    return f"{layer.label}: {inputs} → {tensor(layer.node.shape)}"


def _layer_costs(layer: Layer) -> str:
    return (
        f"{palette.family(layer.family).label}; {numbers.metric('macs', layer.macs)}"
        f" ({100 * layer.share:.1f} % of the network), {numbers.compact(layer.params)} parameters"
    )


def _words(groups: Sequence[Group], cells: Sequence[Group]) -> str:
    layers = sum(len(group.row.layers) * group.row.repeats for group in groups)
    blocks = sum(group.row.repeats for group in groups)
    text = f"{layers} layers in {blocks} blocks"
    names = [f"{cell.name} occurs {cell.row.repeats} times" for cell in cells]
    return ". ".join([text, *names])
