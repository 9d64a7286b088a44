"""Logarithmic axes and frames of the charts of devices, drawn on the server."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.figures import svg
from experiments.figures.chart import nice_ticks
from experiments.formats import compact, significant

SMALL = 11
_STEPS = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), tuple(1 + i / 4 for i in range(36)))


@dataclass(frozen=True, slots=True)
class LogAxis:
    """Values from `low` to `high`, both positive, between two pixels."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def around(
        cls, values: Sequence[float], start: float, end: float, room: float = 0.06
    ) -> "LogAxis":
        """An axis that shows all values with some room at both ends."""
        low, high = math.log10(min(values)), math.log10(max(values))
        wider = max(high - low, 0.1) * room
        return cls(10 ** (low - wider), 10 ** (high + wider), start, end)

    def place(self, value: float) -> float:
        """Pixel of a value."""
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, most: int = 7) -> list[float]:
        """Round numbers in sight, as many as fit."""
        found: list[float] = []
        for steps in _STEPS:
            ticks = [t for t in self._decades(steps) if self.low <= t <= self.high]
            if len(ticks) > most:
                break
            found = ticks
        return found if len(found) > 1 else nice_ticks(self.low, self.high, 4)

    def _decades(self, steps: Sequence[float]) -> list[float]:
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        return [step * 10.0**power for power in range(first, last + 1) for step in steps]


def tick_text(value: float) -> str:
    """A number on an axis, as short as it can be without an exponent."""
    if value >= 1000:
        return compact(value).replace(".00", "").replace(".0 ", " ")
    text = significant(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def frame(root: svg.Element, x: LogAxis, y: LogAxis, titles: tuple[str, str]) -> None:
    """Grid, ticks, edges and titles; `titles` of x and y hold the unit."""
    left, right, bottom, top = x.start, x.end, y.start, y.end
    for tick in x.ticks():
        at = x.place(tick)
        svg.add(root, "path", d=f"M{at} {top}V{bottom + 4}", class_="grid")
        centred = {"class_": "second", "text_anchor": "middle"}
        if titles[0]:
            svg.label(root, at, bottom + 17, tick_text(tick), SMALL, **centred)
    for tick in y.ticks():
        at = y.place(tick)
        svg.add(root, "path", d=f"M{left - 4} {at}H{right}", class_="grid")
        svg.label(
            root, left - 8, at + 4, tick_text(tick), SMALL, class_="second", text_anchor="end"
        )
    svg.add(root, "path", d=f"M{left} {top}V{bottom}H{right}", class_="edge")
    if titles[0]:
        below(root, (left + right) / 2, bottom + 36, titles[0])
    beside(root, 13, (top + bottom) / 2, titles[1])


def below(root: svg.Element, x: float, y: float, text: str) -> None:
    """The title of a horizontal axis."""
    svg.label(root, x, y, text, 12, class_="second", text_anchor="middle")


def beside(root: svg.Element, x: float, y: float, text: str) -> None:
    """The title of a vertical axis."""
    turned = {"transform": f"rotate(-90 {x} {y})", "text_anchor": "middle"}
    svg.label(root, x, y + 4, text, 12, class_="second", **turned)


def box(root: svg.Element, name: str, x: LogAxis, y: LogAxis) -> svg.Element:
    """A group that is cut off at the plot's edges."""
    clip = svg.add(root, "clipPath", id=name)
    size = {"width": x.end - x.start, "height": y.start - y.end}
    svg.add(clip, "rect", x=x.start, y=y.end, **size)
    return svg.add(root, "g", clip_path=f"url(#{name})")
