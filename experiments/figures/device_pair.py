"""The same architectures on two devices: log-log scatter with the line of equal speed."""

from collections.abc import Sequence

from experiments.figures import palette, svg
from experiments.figures.device_axes import SMALL, LogAxis, box, frame

WIDTH, HEIGHT = 720, 540
LEFT, RIGHT, TOP, BOTTOM = 62, 706, 10, 490


def pair_svg(
    first: Sequence[float],
    second: Sequence[float],
    names: tuple[str, str],
    *,
    origins: tuple[str, str] = ("measured", "measured"),
) -> str:
    """Milliseconds of the same networks on two devices.

    Filled points are measured on both, hollow ones predicted on at least one. Circles are faster
    on the first device, diamonds on the second. The dashed line is a constant ratio, the median.

    Args:
        first, second: milliseconds, positive, same order, at least one.
        names: of the devices, for the axes.
        origins: of the numbers of each device.
    """
    root = svg.canvas(WIDTH, HEIGHT, f"{names[0]} against {names[1]}", describe(first, second))
    x = LogAxis.around(first, LEFT, RIGHT)
    y = LogAxis.around(second, BOTTOM, TOP)
    titles = tuple(
        f"{'~ ' if origin == 'predicted' else ''}latency on {name}, ms ({_better(side)})"
        for side, (name, origin) in enumerate(zip(names, origins, strict=True))
    )
    frame(root, x, y, (titles[0], titles[1]))
    plot = box(root, "pair-box", x, y)
    ratio = sorted(b / a for a, b in zip(first, second, strict=True))[len(first) // 2]
    hollow = any(origin == "predicted" for origin in origins)
    for index, (a, b) in enumerate(zip(first, second, strict=True)):
        _point(plot, x.place(a), y.place(b), index, b / a >= ratio, hollow)
    _line(plot, x, y, 1.0, "equal", "")
    _line(plot, x, y, ratio, "median ratio", "5 4")
    return svg.render(root)


def describe(first: Sequence[float], second: Sequence[float]) -> str:
    """The chart in one sentence."""
    faster = sum(a < b for a, b in zip(first, second, strict=True))
    return f"{len(first)} architectures; {faster} of them run faster on the first device."


def _better(side: int) -> str:
    return "← better" if side == 0 else "better ↓"


def _line(plot: svg.Element, x: LogAxis, y: LogAxis, ratio: float, words: str, dashes: str) -> None:
    start, end = (f"{x.place(at)} {y.place(at * ratio)}" for at in (x.low, x.high))
    dash = {"stroke_dasharray": dashes} if dashes else {}
    svg.add(plot, "path", d=f"M{start}L{end}", class_="edge", stroke_width=1.2, **dash)
    at = min(x.high, y.high / ratio)  # where it leaves the plot
    if at <= x.low or at * ratio <= y.low:
        return
    inside = at / (at / max(x.low, y.low / ratio)) ** 0.06
    ends = {"class_": "second", "text_anchor": "end", "paint_order": "stroke"}
    ends |= {"stroke": "var(--nas-surface)", "stroke_width": "3"}
    svg.label(plot, x.place(inside) - 8, y.place(inside * ratio) + 4, words, SMALL, **ends)


def _point(
    plot: svg.Element, x: float, y: float, index: int, suits_first: bool, hollow: bool
) -> None:
    variable, trace = ("c-accuracy", "front") if suits_first else ("c-params", "second")
    colour = f"var(--{variable}, {palette.TRACES[trace]})"
    style = f"fill:{'var(--nas-surface)' if hollow else colour};stroke:{colour};stroke-width:1.4"
    marks = {"data_point": index, "class_": "point", "style": style, "opacity": 0.8}
    if suits_first:
        svg.add(plot, "circle", cx=x, cy=y, r=3.6, **marks)
    else:
        shape = f"M{x} {round(y - 4.8, 1)}l4.8 4.8l-4.8 4.8l-4.8 -4.8z"
        svg.add(plot, "path", d=shape, **marks)
