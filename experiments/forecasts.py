"""What devices are expected to take before anything is measured: looked up, computed, predicted."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments import engine
from experiments.spec import ExperimentSpec
from hardware_profiles.immediate import answers
from hardware_profiles.models import Device
from hardware_profiles.profiling.versions import current_model, predictor_of
from search_engine.errors import SearchEngineError
from search_engine.network import NetworkSpec
from search_engine.protocols import SearchSpace
from search_engine.types import Origin

logger = logging.getLogger(__name__)


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


def forecasts_of(
    spec: ExperimentSpec, space: SearchSpace, networks: Sequence[NetworkSpec]
) -> Forecasts:
    """Everything that devices tell without being measured.

    Args:
        networks: of the space.

    Raises:
        DeviceMetricError: a table is about another space; the document was not checked.
    """
    found = {}
    genes = [network.genes for network in networks]
    for device in engine.devices_of(spec):
        if device.kind in Device.IMMEDIATE:
            for answer in answers(device, space, genes):
                key = (answer.metric, device.slug)
                found[key] = Forecast(answer.values, answer.origin, answer.method)
        elif (predicted := _predicted(device, space, networks)) is not None:
            found["latency_ms", device.slug] = predicted
    return found


def _predicted(
    device: Device, space: SearchSpace, networks: Sequence[NetworkSpec]
) -> Forecast | None:
    """What the device's fitted model says; None without one for this space and these images."""
    model = current_model(device, space.key)
    if model is None or model.space_checksum != space.checksum:
        return None
    if model.profile and tuple(model.profile.input_shape) != tuple(space.input_shape):
        return None
    try:
        values = predictor_of(model).predict(networks)
    except SearchEngineError as error:
        logger.warning("Model %s cannot forecast: %s", model.pk, error)
        return None
    method = (
        f"{model.kind}, version {model.version}, off by {model.errors['mape']:.1f} % on average"
    )
    return Forecast(values, "predicted", method)


def forecast_notes(slug: str, forecast: Forecast) -> Iterator[str]:
    """What a person should know about these numbers."""
    missing = int(np.isnan(forecast.values).sum())
    if missing:
        share = missing / len(forecast.values)
        yield (
            f"The table of {slug} has no usable row for {share:.0%} of random architectures; "
            "candidates without one fail."
        )
    if forecast.origin == "predicted":
        yield f"Latency on {slug} is predicted here ({forecast.method}); the search measures it."
    if forecast.origin == "analytic":
        yield f"Latency on {slug} is computed from its description, not measured."
