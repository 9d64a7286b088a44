"""Whether devices know the search space, and whether any architecture meets the limits."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from experiments.formats import compact
from hardware_profiles.immediate import answers, check_device
from hardware_profiles.models import Device
from hardware_profiles.selectors import active_devices
from search_engine.costs import COSTS
from search_engine.errors import SearchEngineError
from search_engine.metrics import METRICS
from search_engine.protocols import SearchSpace
from search_engine.types import Constraint, Genes

if TYPE_CHECKING:
    from experiments.spec import ExperimentSpec

FEASIBILITY_DRAWS = 1000
CHUNK = 50

Values = NDArray[np.float64]
Limit = tuple[str, Constraint, Callable[[Sequence[Genes]], Values]]


def device_mistakes(spec: "ExperimentSpec", space: SearchSpace) -> Iterator[tuple[str, str]]:
    """Metrics that a device does not give, and tables that are about something else.

    Yields:
        Dotted path in the document, and what is wrong there.
    """
    found = {d.slug: d for d in active_devices().filter(slug__in=spec.devices)}
    for position, slug in enumerate(spec.devices):
        try:
            check_device(found[slug], space, ())
        except SearchEngineError as error:
            yield f"devices.{position}", str(error)
    for name, items in (
        ("objectives", spec.engine_objectives()),
        ("constraints", spec.engine_constraints()),
    ):
        for position, item in enumerate(items):
            if item.device:
                try:
                    check_device(found[item.device], space, (item.metric,))
                except SearchEngineError as error:
                    yield f"{name}.{position}.metric", str(error)


def unreachable_limits(spec: "ExperimentSpec", space: SearchSpace) -> dict[str, list[str]]:
    """Each limit that is known before measuring, then all together, must hold for some draw.

    Returns:
        Messages by dotted path; empty if an architecture was found that meets all.
    """
    limits = list(_known_limits(spec, space))
    if not limits:
        return {}
    rng = default_rng(0)
    nearest = {path: (math.inf, math.nan) for path, _, _ in limits}
    left = min(FEASIBILITY_DRAWS, 4 * space.size)
    chunk = 1
    while left > 0:
        genes = [space.sample(rng) for _ in range(min(left, chunk))]
        left, chunk = left - len(genes), CHUNK
        met = np.ones(len(genes), bool)
        for path, limit, values_of in limits:
            values = values_of(genes)
            misses = np.array([limit.violation(value) for value in values.tolist()])
            met &= misses == 0
            best = int(np.argmin(misses))
            nearest[path] = min(nearest[path], (float(misses[best]), float(values[best])))
        if met.any():
            return {}
    return _explain(limits, nearest)


def _known_limits(spec: "ExperimentSpec", space: SearchSpace) -> Iterator[Limit]:
    immediate = {
        device.slug: device
        for device in active_devices().filter(slug__in=spec.devices)
        if device.kind in Device.IMMEDIATE
    }
    for position, limit in enumerate(spec.engine_constraints()):
        path = f"constraints.{position}.value"
        if METRICS[limit.metric].kind == "analytic":
            yield path, limit, _analytic(space, limit.metric)
        elif limit.device in immediate:
            yield path, limit, _told(space, immediate[limit.device], limit.metric)


def _analytic(space: SearchSpace, metric: str) -> Callable[[Sequence[Genes]], Values]:
    model = COSTS.resolve(metric)()
    return lambda genes: np.array([model.predict(space.decode(item)) for item in genes], float)


def _told(space: SearchSpace, device: Device, metric: str) -> Callable[[Sequence[Genes]], Values]:
    def values(genes: Sequence[Genes]) -> Values:
        return next(a.values for a in answers(device, space, genes) if a.metric == metric)

    return values


def _explain(
    limits: Sequence[Limit], nearest: dict[str, tuple[float, float]]
) -> dict[str, list[str]]:
    draws, messages = f"{FEASIBILITY_DRAWS:,} random architectures", dict[str, list[str]]()
    for path, limit, _ in limits:
        miss, value = nearest[path]
        if miss > 0:
            rule = f"{limit.metric} {limit.op} {compact(limit.value)}"
            near = "none has a number" if math.isnan(value) else f"the nearest has {compact(value)}"
            messages[path] = [f"None of {draws} has {rule}; {near}. Relax the limit."]
    return messages or {"constraints": [f"None of {draws} meets all limits at once. Relax one."]}
