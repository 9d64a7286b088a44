"""Predicted against measured: square log-log plot, +-10 % band, and the residuals below."""

from collections.abc import Sequence

from experiments.figures import numbers, palette, svg
from experiments.figures.device_axes import SMALL, LogAxis, below, beside, box, frame

WIDTH, LEFT, RIGHT = 500, 62, 486
TOP, SIDE = 8, RIGHT - LEFT
STRIP_TOP, STRIP = TOP + SIDE + 16, 92
HEIGHT = STRIP_TOP + STRIP + 44
BAND = 0.10
LEAST, MOST = 0.15, 0.60  # of the residual strip, as shares


def accuracy_svg(measured: Sequence[float], predicted: Sequence[float], title: str) -> str:
    """The picture of a model's honesty; points carry `data-point`, their place in the input.

    Circles lie within the band, triangles outside it. Residuals beyond the strip are drawn at its
    edge.

    Args:
        measured, predicted: milliseconds, positive, same order; at least one.
        title: what is drawn, for screen readers.
    """
    root = svg.canvas(WIDTH, HEIGHT, title, describe(measured, predicted))
    x = LogAxis.around([*measured, *predicted], LEFT, RIGHT)
    y = LogAxis(x.low, x.high, TOP + SIDE, TOP)
    frame(root, x, y, ("", "predicted, ms"))
    plot = box(root, "accuracy-box", x, y)
    _band(plot, x, y)
    for index, (true, guess) in enumerate(zip(measured, predicted, strict=True)):
        _point(plot, x.place(true), y.place(guess), index, abs(guess / true - 1) <= BAND)
    _strip(root, x, measured, predicted)
    return svg.render(root)


def describe(measured: Sequence[float], predicted: Sequence[float]) -> str:
    """The chart in one sentence."""
    errors = [guess / true - 1 for true, guess in zip(measured, predicted, strict=True)]
    inside = sum(abs(error) <= BAND for error in errors)
    worst = max(errors, key=abs)
    low, high = (numbers.metric("latency_ms", value) for value in (min(measured), max(measured)))
    sign = "+" if worst >= 0 else "−"
    return (
        f"{inside} of {len(errors)} networks from {low} to {high} are predicted within ±10 %; "
        f"the worst is {sign}{100 * abs(worst):.1f} % off."
    )


def _band(plot: svg.Element, x: LogAxis, y: LogAxis) -> None:
    """y = x and what is at most 10 % off."""
    (left, right), up, down = (x.low, x.high), 1 + BAND, 1 - BAND
    corners = ((left, left * up), (right, right * up), (right, right * down), (left, left * down))
    points = " ".join(f"{x.place(a)},{y.place(b)}" for a, b in corners)
    tint = {"style": _fill("front"), "opacity": 0.1}
    svg.add(plot, "polygon", points=points, **tint)
    line = f"M{x.place(left)} {y.place(left)}L{x.place(right)} {y.place(right)}"
    svg.add(plot, "path", d=line, class_="edge", stroke_width=1.2)
    ends = {"class_": "second", "text_anchor": "end"}
    at = x.low * (x.high / x.low) ** 0.16
    svg.label(plot, x.place(at) - 6, y.place(at * up) - 3, "±10 %", SMALL, **ends)


def _point(plot: svg.Element, x: float, y: float, index: int, inside: bool) -> None:
    if inside:
        dot = {"style": _fill("front"), "opacity": 0.75}
        svg.add(plot, "circle", cx=x, cy=y, r=3.6, data_point=index, class_="point", **dot)
        return
    shape = f"{x},{round(y - 5, 1)} {round(x + 4.6, 1)},{round(y + 3.4, 1)} "
    shape += f"{round(x - 4.6, 1)},{round(y + 3.4, 1)}"
    style = {"style": _fill("limit"), "data_point": index, "class_": "point is-outside"}
    svg.add(plot, "polygon", points=shape, **style)


def _strip(
    root: svg.Element, x: LogAxis, measured: Sequence[float], predicted: Sequence[float]
) -> None:
    errors = [guess / true - 1 for true, guess in zip(measured, predicted, strict=True)]
    reach = min(MOST, max(LEAST, 1.15 * max(map(abs, errors))))
    middle = STRIP_TOP + STRIP / 2

    def place(error: float) -> float:
        bounded = max(-reach, min(reach, error))
        return round(middle - bounded / reach * STRIP / 2, 1)

    tall = place(-BAND) - place(BAND)
    tint = {"style": _fill("front"), "opacity": 0.1}
    svg.add(root, "rect", x=LEFT, y=place(BAND), width=SIDE, height=round(tall, 1), **tint)
    for tick in (-reach, -BAND, 0.0, BAND, reach):
        words = f"{'+' if tick > 0 else '−' if tick < 0 else ''}{abs(100 * tick):.0f} %"
        if abs(tick) != BAND or min(BAND, reach - BAND) / reach * STRIP / 2 > SMALL + 2:
            ends = {"class_": "second", "text_anchor": "end"}
            svg.label(root, LEFT - 8, place(tick) + 4, words, SMALL, **ends)
        svg.add(root, "path", d=f"M{LEFT - 4} {place(tick)}H{RIGHT}", class_="grid")
    svg.add(root, "path", d=f"M{LEFT} {middle}H{RIGHT}", class_="edge")
    for index, (true, error) in enumerate(zip(measured, errors, strict=True)):
        _point(root, x.place(true), place(error), index, abs(error) <= BAND)
    bottom = STRIP_TOP + STRIP
    svg.add(root, "path", d=f"M{LEFT} {STRIP_TOP}V{bottom}H{RIGHT}", class_="edge")
    for tick in x.ticks():
        words = numbers.significant(tick).rstrip("0").rstrip(".")
        centred = {"class_": "second", "text_anchor": "middle"}
        svg.add(root, "path", d=f"M{x.place(tick)} {bottom}v4", class_="edge")
        svg.label(root, x.place(tick), bottom + 17, words, SMALL, **centred)
    below(root, (LEFT + RIGHT) / 2, bottom + 36, "measured, ms")
    beside(root, 13, middle, "error")


def _fill(trace: str) -> str:
    variable = {"front": "c-accuracy", "limit": "c-latency"}[trace]
    return f"fill:var(--{variable}, {palette.TRACES[trace]})"
