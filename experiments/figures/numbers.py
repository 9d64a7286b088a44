"""Numbers and axes of figures: text with origin, names and units of metrics."""

import math
from collections.abc import Mapping
from typing import Any

from experiments.formats import (
    MISSING,
    ORIGIN_MARKS,
    ORIGIN_WORDS,
    compact,
    metric_text,
    shown_origin,
    significant,
)
from search_engine.metrics import METRICS

__all__ = ["MISSING", "ORIGIN_MARKS", "ORIGIN_WORDS", "compact", "significant"]


def is_number(value: Any) -> bool:
    """A finite number: not None, NaN, infinite or a truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def file_size(size: int) -> str:
    """Bytes in decimal units, as file managers show them: `3.9 MB`."""
    for scale, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} B"


def exponent(value: float) -> str:
    """A tiny number as `2.4e-6`."""
    mantissa, _, power = f"{value:.1e}".partition("e")
    return "0" if value == 0 else f"{mantissa}e{int(power)}"


def duration(seconds: float | None) -> str:
    """Two units at most: `1 h 12 min`, `46 s`, `3.2 s`."""
    if not is_number(seconds):
        return MISSING
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def metric(key: str, value: Any) -> str:
    """A value of a metric with its unit, to stand beside the metric's name; a dash for none."""
    if not is_number(value):
        return MISSING
    return compact(value) if key.partition("@")[0] == "params" else metric_text(key, value)


def with_origin(text: str, origin: str) -> str:
    """`21.8 ms ●` for a measured number, `~ 22.1 ms` for a predicted one."""
    mark = ORIGIN_MARKS.get(origin, "")
    if text == MISSING or not mark:
        return text
    return f"~ {text}" if mark == "~" else f"{text} {mark}"


def number(key: str, item: Mapping[str, Any] | None) -> str:
    """A number object of the API as text with its mark."""
    if not item:
        return MISSING
    origin = shown_origin(key, item.get("origin", ""))
    return with_origin(metric(key, item.get("value")), origin)


def metric_label(key: str) -> str:
    """`latency_ms@pi` -> `Latency on pi`."""
    bare, _, device = key.partition("@")
    label = METRICS[bare].label if bare in METRICS else bare
    return f"{label} on {device}" if device else label


def axis_unit(key: str) -> tuple[float, str]:
    """Factor and unit of a metric on an axis: accuracy is drawn in percent."""
    bare = key.partition("@")[0]
    if bare == "accuracy":
        return 100.0, "%"
    return 1.0, METRICS[bare].unit if bare in METRICS else ""


def is_better_high(key: str) -> bool:
    """Higher values of the metric are better."""
    bare = key.partition("@")[0]
    return bare in METRICS and METRICS[bare].better == "higher"
