"""Roofline of a device: what was measured against peak compute and memory bandwidth.

Williams, Waterman, Patterson: "Roofline", CACM 52 (2009).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from experiments.figures import numbers, palette, svg
from experiments.figures.device_axes import SMALL, LogAxis, box, frame

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 62, 706, 10, 352


@dataclass(frozen=True, slots=True)
class Work:
    """Something measured: how much it computes per byte, and how fast it did.

    Attributes:
        intensity: FLOP per byte moved, if every tensor is moved once.
        gflops: achieved, 10^9 FLOP per second.
        family: of layers, for units; empty for a whole network.
    """

    name: str
    intensity: float
    gflops: float
    ms: float
    family: str = ""


@dataclass(frozen=True, slots=True)
class Roofs:
    """Limits of the device: GFLOP/s and GB/s; None where nobody stated them."""

    peak_gflops: float | None = None
    bandwidth_gbs: float | None = None

    def limit(self, intensity: float) -> float | None:
        """Attainable GFLOP/s, None without both roofs."""
        if self.peak_gflops is None or self.bandwidth_gbs is None:
            return None
        return min(self.peak_gflops, self.bandwidth_gbs * intensity)


def roofline_svg(work: Sequence[Work], roofs: Roofs) -> str:
    """Squares are kernels by family, circles whole networks; lines are the roofs that are known."""
    root = svg.canvas(WIDTH, HEIGHT, "Roofline", describe(work, roofs))
    intensities, speeds = _shown(work, roofs)
    x = LogAxis.around(intensities, LEFT, RIGHT)
    y = LogAxis.around(speeds, BOTTOM, TOP)
    frame(root, x, y, ("operational intensity, FLOP per byte", "speed, GFLOP/s (better ↑)"))
    plot = box(root, "roofline-box", x, y)
    for index, item in enumerate(work):
        _mark(plot, x.place(item.intensity), y.place(item.gflops), item, index)
    _roofs(plot, x, y, roofs)
    return svg.render(root)


def describe(work: Sequence[Work], roofs: Roofs) -> str:
    """The chart in one sentence."""
    if not work:
        return "Nothing was measured here yet; the lines are the stated limits."
    best = max(work, key=lambda item: item.gflops)
    speed = f"{numbers.significant(best.gflops)} GFLOP/s"
    limit = roofs.limit(best.intensity)
    share = f", {100 * best.gflops / limit:.0f} % of what the roofs allow there" if limit else ""
    return f"The fastest of {len(work)} reaches {speed}{share}: {best.name}."


def _shown(work: Sequence[Work], roofs: Roofs) -> tuple[list[float], list[float]]:
    """Intensities and speeds that must be in sight: all that was measured, and the ridge."""
    intensities = [item.intensity for item in work]
    speeds = [item.gflops for item in work]
    peak, bandwidth = roofs.peak_gflops, roofs.bandwidth_gbs
    if peak and bandwidth:
        ridge = peak / bandwidth
        intensities += [ridge] if work else [ridge / 100, ridge * 10]
    intensities = intensities or [0.1, 100.0]
    if peak:
        speeds.append(peak)
    if bandwidth and not work:
        speeds.append(bandwidth * min(intensities))
    return intensities, speeds or [1.0, 10.0]


def _mark(plot: svg.Element, x: float, y: float, item: Work, index: int) -> None:
    point = {"data_point": index, "class_": "point"}
    if item.family:
        size = {"x": x - 3.5, "y": y - 3.5, "width": 7, "height": 7, "rx": 1}
        style = f"fill:{palette.fill(item.family)};stroke:var(--nas-outline);stroke-width:.6"
        svg.add(plot, "rect", **size, **point, style=style)
    else:
        style = "fill:var(--nas-surface);stroke:var(--c-accuracy, #0072b2);stroke-width:1.8"
        svg.add(plot, "circle", cx=x, cy=y, r=4, **point, style=style)


def _roofs(plot: svg.Element, x: LogAxis, y: LogAxis, roofs: Roofs) -> None:
    line = {"style": f"fill:none;stroke:var(--c-latency, {palette.TRACES['limit']})"}
    line["stroke_width"] = "1.8"
    peak, bandwidth = roofs.peak_gflops, roofs.bandwidth_gbs
    ridge = peak / bandwidth if peak and bandwidth else None
    if bandwidth:
        end = min(ridge or x.high, x.high)
        start = f"M{x.place(x.low)} {y.place(bandwidth * x.low)}"
        svg.add(plot, "path", d=f"{start}L{x.place(end)} {y.place(bandwidth * end)}", **line)
        _along(plot, x, y, bandwidth, end)
    if peak:
        first = max(ridge or x.low, x.low)
        at = y.place(peak)
        svg.add(plot, "path", d=f"M{x.place(first)} {at}H{RIGHT}", **line)
        words = f"{numbers.significant(peak)} GFLOP/s peak"
        ends = {"class_": "second", "text_anchor": "end"}
        svg.label(plot, RIGHT - 4, at + 14, words, SMALL, **ends)


def _along(plot: svg.Element, x: LogAxis, y: LogAxis, bandwidth: float, end: float) -> None:
    """The bandwidth, written where its line enters the plot."""
    enters = max(x.low, y.low / bandwidth)
    at = enters * (end / enters) ** 0.12 if end > enters else x.low
    words = f"{numbers.significant(bandwidth)} GB/s"
    svg.label(plot, x.place(at) + 10, y.place(bandwidth * at) + 6, words, SMALL, class_="second")
