"""What devices are expected to take before anything is measured: looked up, computed, predicted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments import engine
from experiments.spec import ExperimentSpec
from hardware_profiles.immediate import answers
from hardware_profiles.models import Device
from search_engine.protocols import SearchSpace
from search_engine.types import Genes, Origin


@dataclass(frozen=True, slots=True)
class Forecast:
    """One metric of one device for random architectures.

    Attributes:
        values: `n` numbers in the metric's unit; nan where there is none.
        origin, method: what the numbers are called, and how they came about.
    """

    values: NDArray[np.float64]
    origin: Origin
    method: str


Forecasts = Mapping[tuple[str, str], Forecast]
"""By metric and slug of the device."""


def forecasts_of(spec: ExperimentSpec, space: SearchSpace, genes: Sequence[Genes]) -> Forecasts:
    """Everything that devices tell without being measured.

    Raises:
        DeviceMetricError: a table is about another space; the document was not checked.
    """
    found = {}
    for device in engine.devices_of(spec):
        if device.kind in Device.IMMEDIATE:
            for answer in answers(device, space, genes):
                key = (answer.metric, device.slug)
                found[key] = Forecast(answer.values, answer.origin, answer.method)
    return found


def forecast_notes(slug: str, forecast: Forecast) -> Iterator[str]:
    """What a person should know about these numbers."""
    missing = int(np.isnan(forecast.values).sum())
    if missing:
        share = missing / len(forecast.values)
        yield (
            f"The table of {slug} has no usable row for {share:.0%} of random architectures; "
            "candidates without one fail."
        )
    if forecast.origin == "analytic":
        yield f"Latency on {slug} is computed from its description, not measured."
