"""Time single execution units on a device, within chains of copies, through any measuring door."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hardware_profiles.errors import PreparationError
from hardware_profiles.measure import LatencyResult
from hardware_profiles.samples import Status
from search_engine.costs.predictors.protocol import KernelSample
from search_engine.costs.probes import kernel_spread, kernel_time, probes
from search_engine.costs.units import Unit
from search_engine.errors import PredictorError
from search_engine.network import NetworkSpec

Measure = Callable[[Sequence[NetworkSpec]], Sequence[LatencyResult]]
"""The function that measures networks on the device: one result each, in order."""

MOST_SPREAD = 0.1
"""Share of a unit's time beyond which its spread puts it into quarantine."""


@dataclass(frozen=True, slots=True)
class KernelTime:
    """What one unit takes among others.

    Attributes:
        value_ms: of one unit and one batch; not to be used unless `status` is ok.
        cv: standard deviation as a share of the value, from the spread of both chains.
        n: samples that both chains rest on.
        note: why it is in quarantine, or nothing.
    """

    unit: Unit
    value_ms: float
    cv: float
    n: int
    status: Status
    note: str = ""

    @property
    def quarantined(self) -> bool:
        """Whether it must not be learnt from."""
        return self.status != "ok"


def measure_kernels(
    measure: Measure, units: Iterable[Unit], *, at_once: int = 3
) -> list[KernelTime]:
    """Times of units, equal ones once, in the order in which they first came.

    A unit that cannot be built or run alone is in quarantine with 0 samples; the others go on.

    Args:
        measure: may raise PreparationError for a network it cannot run.
        at_once: units whose chains are measured in one call, in turns.
    """
    distinct = list({unit.key: unit for unit in units}.values())
    found: list[KernelTime] = []
    for begin in range(0, len(distinct), at_once):
        batch = distinct[begin : begin + at_once]
        try:
            found += _measured(measure, batch)
        except (PreparationError, PredictorError):
            for unit in batch:  # one of them is to blame
                found.append(_alone(measure, unit))
    return found


def usable(times: Iterable[KernelTime]) -> list[KernelSample]:
    """What cost models may learn from."""
    return [KernelSample(time.unit, time.value_ms) for time in times if not time.quarantined]


def _alone(measure: Measure, unit: Unit) -> KernelTime:
    try:
        return _measured(measure, [unit])[0]
    except (PreparationError, PredictorError) as error:
        return KernelTime(unit, 0.0, 0.0, 0, "unstable", str(error))


def _measured(measure: Measure, units: Sequence[Unit]) -> list[KernelTime]:
    networks = [network for unit in units for network in probes(unit)]
    results = measure(networks)
    pairs = zip(results[::2], results[1::2], strict=True)
    return [_judged(unit, short, long) for unit, (short, long) in zip(units, pairs, strict=True)]


def _judged(unit: Unit, short: LatencyResult, long: LatencyResult) -> KernelTime:
    value = kernel_time(short.latency_ms, long.latency_ms)
    spread = kernel_spread(short.latency_ms, long.latency_ms, short.spread.cv, long.spread.cv)
    note = _complaint(value, spread, short, long)
    status: Status = "unstable" if note else "ok"
    cv = spread if value > 0 else 0.0
    return KernelTime(unit, value, cv, short.n + long.n, status, note)


def _complaint(value: float, spread: float, short: LatencyResult, long: LatencyResult) -> str:
    """Why a time must not be learnt from, or nothing."""
    for result in (short, long):
        if result.status != "ok":
            return f"A chain of copies was unstable: {result.note}"
    if value <= 0:
        return "More copies took no longer than fewer: too quick to be told from noise."
    if spread > MOST_SPREAD:
        return f"It varies by {spread:.0%} of its time, at most {MOST_SPREAD:.0%} is used."
    return ""
