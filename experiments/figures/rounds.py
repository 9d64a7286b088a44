"""A measurement as dots: every sample of every round, so that the number can be judged."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from experiments.figures import numbers, svg
from experiments.figures.chart import nice_ticks

WIDTH, HEIGHT = 560, 190
BOX = (52.0, 10.0, WIDTH - 10.0, HEIGHT - 34.0)  # left, top, right, bottom
SHOWN = 0.98  # share of the samples inside the axis; slower ones are drawn at its top edge


def rounds_svg(samples: Mapping[str, Any], value_ms: float) -> str:
    """Samples by round; a bar marks each median, the line the reported latency.

    Args:
        samples: `iterations` per sample and `rounds`, lists of microseconds per sample.
        value_ms: the minimum of the round medians.
    """
    rounds = _milliseconds(samples)
    every = sorted(value for values in rounds for value in values)
    count = len(every)
    root = svg.canvas(WIDTH, HEIGHT, f"{count} samples in {len(rounds)} rounds", _words(rounds))
    if not every:
        svg.label(root, WIDTH / 2, HEIGHT / 2, "no samples were kept", 12, text_anchor="middle")
        return svg.render(root)
    top = max(every[min(count - 1, int(SHOWN * count))], *map(median, filter(None, rounds)))
    low, high = min(every[0], value_ms), max(top, value_ms)
    room = 0.08 * (high - low) or 0.05 * high or 1.0
    _draw(root, rounds, value_ms, (low - room, high + room))
    return svg.render(root)


def _draw(
    root: svg.Element,
    rounds: Sequence[Sequence[float]],
    value_ms: float,
    limits: tuple[float, float],
) -> None:
    left, top, right, bottom = BOX
    low, high = limits

    def height(value: float) -> float:
        share = (min(value, high) - low) / (high - low)
        return round(bottom - share * (bottom - top), 1)

    for tick in nice_ticks(low, high, 4):
        svg.add(root, "path", d=f"M{left - 4} {height(tick)}H{right}", class_="grid")
        words = numbers.metric("latency_ms", tick) if tick > 0 else "0"
        svg.label(root, left - 7, height(tick) + 4, words, 10, class_="second", text_anchor="end")
    wide = (right - left) / len(rounds)
    for index, values in enumerate(rounds):
        _round(root, values, left + index * wide, wide, height)
    y = height(value_ms)
    line = {"style": "stroke:var(--c-latency, #d55e00)", "stroke_dasharray": "5 4"}
    svg.add(root, "path", d=f"M{left} {y}H{right}", **line)
    middle, base = (left + right) / 2, bottom + 26
    words = "rounds, in the order they were taken"
    svg.label(root, middle, base, words, 10, class_="second", text_anchor="middle")


def _round(root: svg.Element, values: Sequence[float], x: float, wide: float, height: Any) -> None:
    step = 0.7 * wide / max(1, len(values) - 1)
    for position, value in enumerate(values):
        at = round(x + 0.15 * wide + position * step, 1)
        dot = {"style": "fill:var(--c-accuracy, #0072b2)", "opacity": 0.45}
        svg.add(root, "circle", cx=at, cy=height(value), r=2, **dot)
    if values:
        y = height(median(values))
        span = f"M{round(x + 0.1 * wide, 1)} {y}H{round(x + 0.9 * wide, 1)}"
        svg.add(root, "path", d=span, style="stroke:currentcolor", stroke_width=1.5)


def _milliseconds(samples: Mapping[str, Any]) -> list[list[float]]:
    """Per run, without samples during which another process had the processor."""
    lost = samples.get("preempted") or [()] * len(samples["rounds"])
    scale = 1000 * samples["iterations"]
    return [
        [value / scale for at, value in enumerate(values) if at not in dropped]
        for values, dropped in zip(samples["rounds"], lost, strict=True)
    ]


def _words(rounds: Sequence[Sequence[float]]) -> str:
    medians = [numbers.metric("latency_ms", median(values)) for values in rounds if values]
    return f"Medians of the rounds: {', '.join(medians)}"
