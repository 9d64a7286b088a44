"""Latency and energy of devices that are only described: a roofline, not calibrated."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from json import dumps, loads
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from hardware_profiles.models import Device
from hardware_profiles.tables.content import Floats
from search_engine.costs.descriptor import Descriptor
from search_engine.costs.gene_tables import GeneTables
from search_engine.costs.predictors.roofline import AnalyticRoofline, RooflineConfig
from search_engine.protocols import SearchSpace

METHOD = "roofline"
CACHED = 32
_TABLES_LOCK = Lock()


def described(
    device: Device, space: SearchSpace, genes: NDArray[np.int64]
) -> Iterator[tuple[str, Floats, str]]:
    """Metric, `n` values and method of everything that a description tells.

    Latency is of the device's whole batch. Energy is power times time: a good rule where power
    hardly depends on the load.

    Args:
        genes: `n x v`.

    Raises:
        PredictorError: the description has no peak for the device's precision.
    """
    latency_ms = _predict(roofline_of(device), space, genes)
    yield "latency_ms", latency_ms, METHOD
    if power_w := device.descriptor.get("power_w"):
        yield "energy_mj", latency_ms * float(power_w), f"{METHOD} × {power_w:g} W"


def roofline_of(device: Device) -> AnalyticRoofline:
    """The roofline of a device's description. PredictorError if the description is no use."""
    description = dumps(device.descriptor, sort_keys=True)
    return _roofline(description, device.precision, device.batch_size)


def _predict(model: AnalyticRoofline, space: SearchSpace, genes: NDArray[np.int64]) -> Floats:
    """By tables over the pieces of the space, kept from call to call."""
    with _TABLES_LOCK:  # they grow while they answer
        return _tables(model, _Compiled(space)).predict(genes)


@dataclass(frozen=True)
class _Compiled:
    """A compiled space that is equal to one compiled from the same document for the same task."""

    space: SearchSpace

    def _identity(self) -> tuple[object, ...]:
        space = self.space
        return space.key, space.checksum, tuple(space.input_shape), space.classes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Compiled) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())


@lru_cache(maxsize=CACHED)
def _tables(model: AnalyticRoofline, compiled: _Compiled) -> GeneTables:
    return GeneTables(compiled.space, model)


@lru_cache(maxsize=CACHED)
def _roofline(description: str, precision: str, batch_size: int) -> AnalyticRoofline:
    settings = RooflineConfig.parse({"dtype": precision, "batch_size": batch_size})
    return AnalyticRoofline.of(Descriptor.from_json(loads(description)), config=settings)
