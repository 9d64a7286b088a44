"""Which measurements may be believed: noisy rows, and a host that slows down under the work."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hardware_profiles.measure import LatencyResult

MAX_CV = 0.10
DRIFT = 0.05
RECENT, BASE = 3, 3
"""Batches that must all be slow, and batches that say what is usual."""


def noise(result: LatencyResult) -> str:
    """Why a row is not fitted on; empty if it is."""
    if result.status != "ok":
        return result.note or "The host was never quiet for long enough."
    if result.spread.cv > MAX_CV:
        return f"Rounds differ by {result.spread.cv:.0%}, more than {MAX_CV:.0%}."
    return ""


def circumstances(result: LatencyResult) -> dict[str, float | None]:
    """What tells of a throttled host: reference network (ms), clock (MHz), temperature (°C)."""
    facts = result.environment
    after: Mapping[str, Any] = facts.get("after") or {}
    return {
        "reference_ms": _number(facts.get("reference_ms")),
        "frequency_mhz": _number(after.get("frequency_mhz")),
        "temperature_c": _number(facts.get("temperature_c") or after.get("temperature_c")),
    }


def throttling(history: Sequence[Mapping[str, float | None]]) -> str:
    """A sentence if the last batches were all slower than the first ones; empty if not.

    The reference network tells it, and the clock where the system shows the real one.
    """
    if len(history) < BASE + RECENT:
        return ""
    for name, words in (("reference_ms", "The reference network takes"), ("frequency_mhz", "")):
        base = [row[name] for row in history[:-RECENT] if row.get(name)]
        last = [row[name] for row in history[-RECENT:] if row.get(name)]
        if len(base) < BASE or len(last) < RECENT:
            continue
        if words:
            usual = float(np.percentile(base, 25))
            slower = min(last) / usual - 1
            if slower > DRIFT:
                return f"{words} {slower:.0%} longer than at the beginning of this run."
        else:
            usual = float(np.median(base))
            lower = 1 - max(last) / usual
            if lower > DRIFT:
                return f"The processor's clock fell by {lower:.0%}, to {max(last):.0f} MHz."
    return ""


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
