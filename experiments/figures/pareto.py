"""The Pareto front: feasible, dominated and infeasible candidates of two metrics, and limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from experiments.figures import numbers, palette, svg
from experiments.figures.chart import Figure, axis, layout, nice_ticks, padded
from search_engine.pareto import non_dominated_mask
from search_engine.types import metric_key


class Point(NamedTuple):
    """A candidate on the chart, in units of the axes."""

    number: int
    x: float
    y: float


class Limit(NamedTuple):
    """A constraint on an axis, in its unit."""

    op: str
    value: float


@dataclass(frozen=True, slots=True)
class Axis:
    """A metric on an axis. `unit` and `factor` turn stored values into what is drawn."""

    key: str
    higher_is_better: bool
    limits: tuple[Limit, ...] = ()

    @property
    def factor(self) -> float:
        return numbers.axis_unit(self.key)[0]

    @property
    def title(self) -> str:
        unit = numbers.axis_unit(self.key)[1]
        arrow = "better ↑" if self.higher_is_better else "← better"
        return f"{numbers.metric_label(self.key)}{f', {unit}' if unit else ''} ({arrow})"

    def values(self, columns: Mapping[str, Sequence[float | None]], size: int) -> list[float]:
        """The column in units of the axis, NaN where there is no number."""
        column = columns.get(self.key, [None] * size)
        return [v * self.factor if numbers.is_number(v) else np.nan for v in column]


@dataclass(frozen=True)
class FrontData:
    """Candidates sorted into what the chart draws.

    Attributes:
        rug: not trained because a limit was missed: there is no quality to draw.
        baseline: front of the comparison run.
        steps: the two axes are exactly the objectives, so the front is a staircase.
    """

    x: Axis
    y: Axis
    front: list[Point] = field(default_factory=list)
    dominated: list[Point] = field(default_factory=list)
    infeasible: list[Point] = field(default_factory=list)
    rug: list[Point] = field(default_factory=list)
    baseline: list[Point] = field(default_factory=list)
    knee: int | None = None
    steps: bool = True

    @property
    def ranges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Of the feasible candidates (of all, while none is feasible), limits that are near."""
        shown = self.front + self.dominated + self.baseline
        shown = shown or self.infeasible
        xs = [p.x for p in shown] or [p.x for p in self.rug]
        return _range(self.x, xs), _range(self.y, [p.y for p in shown])


def objective_axes(config: Mapping[str, Any]) -> list[Axis]:
    """One axis per objective of an experiment's document."""
    return [_axis(config, item, item["direction"] == "maximize") for item in config["objectives"]]


def choose_axes(config: Mapping[str, Any]) -> tuple[list[Axis], Axis]:
    """What x may show, the default first, and y.

    y is the first objective to maximise (else the last one); x is every other objective, then
    parameters and MACs, which every candidate has.
    """
    axes = objective_axes(config)
    y = next((a for a in axes if a.higher_is_better), axes[-1])
    costs = [a for a in axes if a is not y]
    known = {a.key for a in axes}
    extra = [
        _axis(config, {"metric": key}, False) for key in ("params", "macs") if key not in known
    ]
    return costs + extra, y


def front_data(
    snapshot: Mapping[str, Any],
    x: Axis,
    y: Axis,
    *,
    baseline_runs: frozenset[str] = frozenset(),
    objectives: int = 2,
    is_objective: bool = True,
) -> FrontData:
    """Sort the candidates of a snapshot into the parts of the chart.

    Args:
        objectives: how many the experiment has.
        is_objective: x is one of them.
    """
    columns = snapshot["candidates"]
    size = len(columns["number"])
    xs, ys = x.values(columns["metrics"], size), y.values(columns["metrics"], size)
    on_front = set(snapshot["front"])
    steps = is_objective and objectives == 2
    data = FrontData(x, y, knee=snapshot["knee"], steps=steps)
    rivals: list[Point] = []
    runs = columns["run"]
    for i, number in enumerate(columns["number"]):
        point, feasible = Point(number, xs[i], ys[i]), columns["feasible"][i]
        if runs[i] in baseline_runs:
            if feasible and np.isfinite([point.x, point.y]).all():
                rivals.append(point)
        elif np.isfinite(point.x) and feasible is not None:
            _sort_in(data, point, feasible, number in on_front)
    data.baseline.extend(_front_of(rivals, x, y))
    data.front.sort(key=lambda p: (p.x, -p.y))
    return data


def figure(data: FrontData) -> Figure:
    """A Plotly figure; each trace says in `meta` which part of the data it draws."""
    x_range, y_range = data.ranges
    traces = [
        _markers("dominated", data.dominated, symbol="circle", size=7, opacity=0.45),
        _markers("infeasible", data.infeasible, symbol="x-thin", size=7, opacity=0.6),
        _rug(data.rug),
        _line("baseline", data.baseline, data.steps, dash="dot"),
        _line("front", data.front, data.steps),
        _knee(data),
        _markers("new", [], symbol="circle-open", size=15, opacity=1.0, line_width=2),
    ]
    traces[1]["marker"]["line"] = {"width": 1.5, "color": palette.TRACES["infeasible"]}
    x_axis = axis(data.x.title, range=list(x_range), tickformat=_tick_format(data.x))
    y_axis = axis(data.y.title, range=list(y_range), ticksuffix=_suffix(data.y))
    x_axis["ticksuffix"] = _suffix(data.x)
    shapes, notes = _limits(data)
    hidden = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
    return {
        "data": traces,
        "layout": layout(
            x_axis,
            y_axis,
            yaxis2=hidden,
            shapes=shapes,
            annotations=notes,
            meta={"x": data.x.key, "y": data.y.key},
            uirevision=f"{data.x.key}/{data.y.key}",
        ),
    }


WIDTH, HEIGHT = 760, 400
BOX = (58.0, 12.0, WIDTH - 14.0, HEIGHT - 46.0)  # left, top, right, bottom of the plot


def front_svg(data: FrontData) -> str:
    """The same chart as a picture: first paint, reports, and browsers without scripts."""
    root = svg.canvas(WIDTH, HEIGHT, describe(data))
    (x_low, x_high), (y_low, y_high) = data.ranges
    left, top, right, bottom = BOX

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            round(left + (x - x_low) / (x_high - x_low) * (right - left), 1),
            round(bottom - (y - y_low) / (y_high - y_low) * (bottom - top), 1),
        )

    _svg_axes(root, data, place)
    clip = svg.add(root, "clipPath", id="front-box")
    svg.add(clip, "rect", x=left, y=top, width=right - left, height=bottom - top)
    plot = svg.add(root, "g", clip_path="url(#front-box)")
    _svg_limits(plot, data, place)
    for point in data.dominated:
        x, y = place(point.x, point.y)
        svg.add(
            plot, "circle", cx=x, cy=y, r=3.5, style=_fill("c-cloud", "dominated"), opacity=0.45
        )
    for point in data.infeasible:
        _svg_cross(plot, *place(point.x, point.y))
    for point in data.rug:
        _svg_cross(plot, place(point.x, y_low)[0], bottom - 7)
    _svg_front(plot, data, place)
    return svg.render(root)


def describe(data: FrontData) -> str:
    """The chart in one sentence."""
    x, y = (numbers.metric_label(a.key).lower() for a in (data.x, data.y))
    if not data.front:
        return f"No feasible candidate yet; {len(data.infeasible) + len(data.rug)} miss a limit."
    many = f"{len(data.front)} candidates" if len(data.front) > 1 else "1 candidate"
    low, high = data.front[0], data.front[-1]
    span = f"{_value(data.x, low.x)} to {_value(data.x, high.x)}"
    best = max(p.y for p in data.front) if data.y.higher_is_better else min(p.y for p in data.front)
    return f"Front of {many}: {x} {span}, best {y} {_value(data.y, best)}."


def _axis(config: Mapping[str, Any], item: Mapping[str, Any], higher: bool) -> Axis:
    primary = next(iter(config.get("devices", ())), "")
    key = metric_key(item["metric"], item.get("device") or "", primary)
    factor = numbers.axis_unit(key)[0]
    limits = tuple(
        Limit(c["op"], c["value"] * factor)
        for c in config.get("constraints", ())
        if metric_key(c["metric"], c.get("device") or "", primary) == key
    )
    return Axis(key, higher, limits)


def _sort_in(data: FrontData, point: Point, feasible: bool, on_front: bool) -> None:
    if np.isnan(point.y):
        if not feasible:
            data.rug.append(point)
    elif on_front:
        data.front.append(point)
    else:
        (data.dominated if feasible else data.infeasible).append(point)


def _front_of(points: Sequence[Point], x: Axis, y: Axis) -> list[Point]:
    if not points:
        return []
    signs = [-1.0 if a.higher_is_better else 1.0 for a in (x, y)]
    mask = non_dominated_mask(np.array([p[1:] for p in points]) * signs)
    return sorted((p for p, kept in zip(points, mask, strict=True) if kept), key=lambda p: p.x)


def _range(a: Axis, values: Sequence[float]) -> tuple[float, float]:
    """Of the values; a limit is shown if that less than doubles the range."""
    if not values:
        return padded([limit.value for limit in a.limits] or [0.0, 1.0])
    low, high = padded(list(values))
    for limit in a.limits:
        wider = min(low, limit.value), max(high, limit.value)
        if wider[1] - wider[0] <= 2 * (high - low):
            low, high = wider
            if limit.value in (low, high):
                room = 0.03 * (high - low)
                low, high = low - room * (limit.value == low), high + room * (limit.value == high)
    return low, high


def _markers(
    role: str,
    points: Sequence[Point],
    *,
    symbol: str,
    size: int,
    opacity: float,
    line_width: float = 0,
) -> dict[str, Any]:
    colour = palette.TRACES.get(role, palette.TRACES["front"])
    return {
        "type": "scatter",
        "mode": "markers",
        "name": role,
        "meta": role,
        **_columns(points),
        "marker": {
            "symbol": symbol,
            "size": size,
            "color": colour,
            "opacity": opacity,
            "line": {"width": line_width, "color": colour},
        },
        "hovertemplate": "%{text}<extra></extra>",
    }


def _columns(points: Sequence[Point]) -> dict[str, Any]:
    """Rounded lists: arrays would arrive as typed arrays, which cannot grow in the browser."""
    return {
        "x": [round(p.x, 6) for p in points],
        "y": [round(p.y, 6) for p in points],
        "customdata": [p.number for p in points],
        "text": [f"#{p.number}" for p in points],
    }


def _line(role: str, points: Sequence[Point], steps: bool, dash: str = "solid") -> dict[str, Any]:
    colour = palette.TRACES[role]
    is_front = role == "front"
    return {
        **_markers(
            role,
            points,
            symbol="circle" if is_front else "star",
            size=9 if is_front else 8,
            opacity=1.0 if is_front else 0.8,
        ),
        "mode": "lines+markers" if steps else "markers",
        "line": {"shape": "hv", "width": 2 if is_front else 1.5, "dash": dash, "color": colour},
    }


def _rug(points: Sequence[Point]) -> dict[str, Any]:
    flat = [p._replace(y=0.022) for p in points]
    trace = _markers("rug", flat, symbol="x-thin", size=6, opacity=0.6, line_width=1.5)
    trace["marker"]["line"]["color"] = trace["marker"]["color"] = palette.TRACES["infeasible"]
    return {**trace, "yaxis": "y2"}


def _knee(data: FrontData) -> dict[str, Any]:
    chosen = [p for p in data.front if p.number == data.knee]
    trace = _markers("knee", chosen, symbol="diamond-open", size=17, opacity=1.0, line_width=2)
    return {**trace, "hoverinfo": "skip", "hovertemplate": None}


def _limits(data: FrontData) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Dashed lines with a tinted forbidden side, and their labels."""
    shapes, notes = [], []
    for name, a in (("x", data.x), ("y", data.y)):
        other = "y" if name == "x" else "x"
        for limit in a.limits:
            far = limit.value + 1e9 if limit.op == "<=" else limit.value - 1e9
            across = {f"{other}0": 0, f"{other}1": 1, f"{other}ref": "paper", f"{name}ref": name}
            tint = {"fillcolor": palette.TRACES["limit"], "opacity": 0.07, "layer": "below"}
            shapes.append(
                {"type": "rect", f"{name}0": limit.value, f"{name}1": far, **across, **tint}
                | {"line": {"width": 0}}
            )
            line = {"color": palette.TRACES["limit"], "width": 1.5, "dash": "dash"}
            shapes.append(
                {"type": "line", f"{name}0": limit.value, f"{name}1": limit.value, **across}
                | {"line": line}
            )
            notes.append(_note(name, other, a, limit))
    return shapes, notes


def _note(name: str, other: str, a: Axis, limit: Limit) -> dict[str, Any]:
    at_x = name == "x"
    return {
        f"{name}ref": name,
        f"{other}ref": "paper",
        name: limit.value,
        other: 1 if at_x else 0.01,
        "text": f"limit {_value(a, limit.value)}",
        "showarrow": False,
        "xanchor": ("right" if limit.op == "<=" else "left") if at_x else "left",
        "yanchor": "top" if at_x else "bottom",
        "xshift": (-4 if limit.op == "<=" else 4) if at_x else 0,
        "font": {"size": 11, "color": palette.TRACES["limit"]},
    }


def _value(a: Axis, drawn: float) -> str:
    return numbers.metric(a.key, drawn / a.factor)


def _suffix(a: Axis) -> str:
    unit = numbers.axis_unit(a.key)[1]
    return f" {unit}" if unit == "%" else ""


def _tick_format(a: Axis) -> str:
    return "~s" if a.key.partition("@")[0] in ("params", "macs") else ""


def _fill(variable: str, trace: str) -> str:
    return f"fill:var(--{variable}, {palette.TRACES[trace]})"


def _stroke(variable: str, trace: str) -> str:
    return f"fill:none;stroke:var(--{variable}, {palette.TRACES[trace]})"


def _svg_axes(root: svg.Element, data: FrontData, place: Any) -> None:
    left, top, right, bottom = BOX
    x_range, y_range = data.ranges
    for tick in nice_ticks(*x_range, 6):
        x = place(tick, y_range[0])[0]
        svg.add(root, "path", d=f"M{x} {top}V{bottom + 4}", class_="grid")
        text = f"{tick:g}" if tick < 1e4 else numbers.compact(tick)
        svg.label(root, x, bottom + 18, text, 12, class_="second", text_anchor="middle")
    for tick in nice_ticks(*y_range, 5):
        y = place(x_range[0], tick)[1]
        svg.add(root, "path", d=f"M{left - 4} {y}H{right}", class_="grid")
        words = f"{tick:g}{_suffix(data.y)}"
        svg.label(root, left - 8, y + 4, words, 12, class_="second", text_anchor="end")
    svg.add(root, "path", d=f"M{left} {top}V{bottom}H{right}", class_="edge")
    middle = (left + right) / 2
    svg.label(root, middle, HEIGHT - 8, data.x.title, 12, class_="second", text_anchor="middle")
    turned = {"transform": f"rotate(-90 12 {(top + bottom) / 2})", "text_anchor": "middle"}
    svg.label(root, 12, (top + bottom) / 2 + 4, data.y.title, 12, class_="second", **turned)


def _svg_limits(plot: svg.Element, data: FrontData, place: Any) -> None:
    left, top, right, bottom = BOX
    x_range, y_range = data.ranges
    colour = _stroke("c-latency", "limit")
    for limit in data.x.limits:
        x = place(limit.value, y_range[0])[0]
        if left <= x <= right:
            start, end = (x, right) if limit.op == "<=" else (left, x)
            tint = {"style": _fill("c-latency", "limit"), "opacity": 0.07}
            svg.add(plot, "rect", x=start, y=top, width=end - start, height=bottom - top, **tint)
            svg.add(plot, "path", d=f"M{x} {top}V{bottom}", style=colour, stroke_dasharray="5 4")
            words = f"limit {_value(data.x, limit.value)}"
            svg.label(plot, x - 5, top + 12, words, 11, class_="second", text_anchor="end")
    for limit in data.y.limits:
        y = place(x_range[0], limit.value)[1]
        if top <= y <= bottom:
            svg.add(plot, "path", d=f"M{left} {y}H{right}", style=colour, stroke_dasharray="5 4")
            words = f"limit {_value(data.y, limit.value)}"
            svg.label(plot, left + 5, y - 4, words, 11, class_="second")


def _svg_cross(plot: svg.Element, x: float, y: float) -> None:
    shape = f"M{x - 3} {y - 3}l6 6m0 -6l-6 6"
    style = _stroke("c-infeasible", "infeasible")
    svg.add(plot, "path", d=shape, style=style, stroke_width=1.5, opacity=0.7)


def _svg_front(plot: svg.Element, data: FrontData, place: Any) -> None:
    style = _stroke("c-accuracy", "front")
    places = [place(p.x, p.y) for p in data.front]
    if data.steps and places:
        path = "".join(f"H{x}V{y}" for x, y in places[1:])
        start = f"M{places[0][0]} {places[0][1]}"
        svg.add(plot, "path", d=start + path, style=style, stroke_width=2)
    for point, (x, y) in zip(data.front, places, strict=True):
        dot = svg.add(plot, "circle", cx=x, cy=y, r=4.5, style=_fill("c-accuracy", "front"))
        words = f"{_value(data.x, point.x)}, {_value(data.y, point.y)}"
        svg.named(dot, f"#{point.number}: {words}")
        if point.number == data.knee:
            svg.add(plot, "path", d=f"M{x} {y - 10}l10 10l-10 10l-10 -10z", style=style)
