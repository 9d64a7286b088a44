"""Numbers as people read them: the Python twin of `static/js/lib/format.js`."""

import math
from datetime import datetime
from typing import Any

from django.utils import timezone

from search_engine.metrics import METRICS

MISSING = "–"
ORIGIN_MARKS = {
    "measured": "●",
    "predicted": "~",
    "looked_up": "▤",
    "analytic": "",
    "described": "~",
}
"""Shown beside a number; what follows from the network is exact and needs none."""

ORIGIN_WORDS = {
    "measured": "measured",
    "predicted": "predicted by a model",
    "looked_up": "looked up in a table",
    "analytic": "computed from the network",
    "described": "computed from the device's description, not measured",
}


def shown_origin(key: str, origin: str) -> str:
    """As the API has it, but analytic numbers of a device are not exact: `described`."""
    metric = METRICS.get(key.partition("@")[0])
    is_rough = origin == "analytic" and metric is not None and metric.needs_device
    return "described" if is_rough else origin


def significant(value: float, digits: int = 3) -> str:
    """`digits` significant digits, never an exponent."""
    if value == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{value:.{min(max(decimals, 0), 6)}f}"


def compact(value: float) -> str:
    """3,410,000 -> `3.41 M`."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{significant(value / size)} {unit}"
    return significant(value)


def metric_text(key: str, value: float | None) -> str:
    """A metric's value with its unit; `key` may carry `@device`."""
    metric = key.partition("@")[0]
    if value is None or math.isnan(value):
        return MISSING
    if metric == "accuracy":
        return f"{value * 100:.2f} %"
    if metric.endswith("_ms"):
        return f"{significant(value * 1000)} µs" if value < 1 else f"{significant(value)} ms"
    if metric.endswith("_mib"):
        return f"{significant(value * 1024)} KiB" if value < 1 else f"{significant(value)} MiB"
    if metric in ("params", "macs"):
        return f"{compact(value)} {METRICS[metric].label.lower() if metric == 'params' else 'MACs'}"
    return f"{significant(value)} {METRICS[metric].unit if metric in METRICS else ''}".rstrip()


def age_text(moment: datetime) -> str:
    """`46 s ago`, `12 min ago`, `3 d ago`."""
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "just now" if seconds < 10 else f"{seconds} s ago"


def number_text(key: str, number: dict[str, Any] | None) -> dict[str, str]:
    """Text, origin mark and the mark's meaning of a number object."""
    if not number or number.get("value") is None:
        return {"text": MISSING, "mark": "", "origin": "no value yet"}
    origin = shown_origin(key, number["origin"])
    return {
        "text": metric_text(key, number["value"]),
        "mark": ORIGIN_MARKS[origin],
        "origin": ORIGIN_WORDS[origin],
    }
