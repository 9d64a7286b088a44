"""A series as a small line: SVG text for tables, readable without scripts."""

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

WIDTH, HEIGHT, MARGIN = 96.0, 24.0, 3.0


def sparkline(values: Sequence[float], label: str) -> SafeString:
    """Draw values from left to right, scaled to their own range.

    Args:
        values: at least one; equally spaced.
        label: what a screen reader says instead.
    """
    points = _points(values)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    first, (end_x, end_y) = points[0], points[-1]
    area = f"{first[0]:.1f},{HEIGHT} {line} {end_x:.1f},{HEIGHT}"
    return format_html(
        '<svg class="sparkline" viewBox="0 0 {} {}" width="{}" height="{}" role="img" '
        'aria-label="{}"><polygon points="{}"/><polyline points="{}"/>'
        '<circle cx="{}" cy="{}" r="2"/></svg>',
        *(f"{size:g}" for size in (WIDTH, HEIGHT, WIDTH, HEIGHT)),
        label, area, line, f"{end_x:.1f}", f"{end_y:.1f}",
    )  # fmt: skip


def _points(values: Sequence[float]) -> list[tuple[float, float]]:
    low, high = min(values), max(values)
    step = (WIDTH - 2 * MARGIN) / max(1, len(values) - 1)
    span = high - low

    def height(value: float) -> float:
        share = (value - low) / span if span > 0 else 0.5
        return HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)

    return [(MARGIN + i * step, height(value)) for i, value in enumerate(values)]
