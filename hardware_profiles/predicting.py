"""What a device is expected to take for many architectures at once, without measuring them."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hardware_profiles.errors import DeviceMetricError, NotProfiledError
from hardware_profiles.immediate import answers
from hardware_profiles.models import Device, FittedModel
from hardware_profiles.profiling.ledger import rules_of
from hardware_profiles.profiling.versions import current_model, predictor_of
from search_engine.costs.arena import plan_memory
from search_engine.costs.conformal import interval, residuals_of
from search_engine.costs.energy import AnalyticEnergy, EnergyConfig
from search_engine.costs.gene_tables import GeneTables
from search_engine.errors import ConfigError, SpaceError
from search_engine.protocols import SearchSpace
from search_engine.types import Genes, Origin

METRICS = {"latency_ms": "ms", "energy_mj": "mJ", "peak_memory_mib": "MiB"}
LEVEL = 0.9
"""Share of networks whose measured value lies within the interval, on average."""

MOST_DECODED = 500
"""Rows for which memory is planned in one call: every network is decoded for it."""

_KEPT = 12
_MIB = 2**20

Floats = NDArray[np.float64]
_tables: OrderedDict[tuple[Any, ...], GeneTables] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Prediction:
    """One metric of many architectures.

    Attributes:
        values: `n` numbers in `unit`; nan where the device has none, then `why(row)` says why.
        low, high: ends of the interval that holds `LEVEL` of networks, or None.
        origin, method: what the numbers are called, and how they came about.
        model: id of the fitted model, or empty.
    """

    metric: str
    values: Floats
    unit: str
    origin: Origin
    method: str
    low: Floats | None = None
    high: Floats | None = None
    model: str = ""
    why: Callable[[int], str] = lambda row: ""

    def number(self, row: int) -> dict[str, Any]:
        """One of the numbers, as the API shows every number."""
        value = self.values[row]
        known = bool(np.isfinite(value))
        found: dict[str, Any] = {
            "value": float(value) if known else None,
            "unit": self.unit,
            "origin": self.origin,
            "method": self.method,
        }
        if self.model:
            found["model"] = self.model
        if known and self.low is not None and self.high is not None:
            ends = {"low": float(self.low[row]), "high": float(self.high[row])}
            found["spread"] = {**ends, "level": LEVEL}
        return found if known else {**found, "note": self.why(row)}


def predict(
    device: Device,
    slug: str,
    space: SearchSpace,
    genes: Sequence[Genes],
    metrics: Sequence[str] = ("latency_ms",),
) -> list[Prediction]:
    """What a device takes for architectures of a space, one entry per metric that was asked for.

    Devices that measure answer by their fitted model; tables and descriptions by what they are.

    Args:
        slug: of the space as people know it.
        genes: `n` tuples, canonical or not.
        metrics: of `METRICS`.

    Raises:
        NotProfiledError: no model was fitted for this space.
        DeviceMetricError, PredictorError: the device says nothing about this metric or space.
        SpaceError: genes that are not of the space; says which row.
        ConfigError: an unknown metric, or memory of too many networks.
    """
    _check(metrics, len(genes))
    rows = _canonical(space, genes)
    found: dict[str, Prediction] = {}
    if device.kind in Device.IMMEDIATE:
        found = _immediate(device, space, rows)
    elif "latency_ms" in metrics:
        found["latency_ms"] = _by_model(device, slug, space, rows)
    if "energy_mj" in metrics and device.kind in Device.MEASURING:
        found["energy_mj"] = _energy(device, space, rows)
    if "peak_memory_mib" in metrics:
        found["peak_memory_mib"] = _memory(device, space, rows)
    if missing := [name for name in metrics if name not in found]:
        raise DeviceMetricError(
            f"Device {device.slug} gives no {missing[0]}; it gives {', '.join(found) or 'nothing'}."
        )
    return [found[name] for name in metrics]


def spread_of(model: FittedModel, values: Floats) -> tuple[Floats, Floats]:
    """Ends of the intervals around predictions, from the errors on networks kept apart."""
    measured = [pair["measured"] for pair in model.pairs]
    predicted = [pair["predicted"] for pair in model.pairs]
    return interval(residuals_of(measured, predicted), LEVEL).around(values)


def _by_model(device: Device, slug: str, space: SearchSpace, rows: Any) -> Prediction:
    model = current_model(device, slug)
    if model is None:
        raise NotProfiledError(
            f"Device {device.slug!r} has no model for search space {slug!r}. Profile it for this "
            "space first, or measure single architectures."
        )
    if model.space_checksum != space.checksum:
        raise NotProfiledError(
            f"The model of device {device.slug!r} is for another version of search space "
            f"{slug!r}. Profile it again."
        )
    values = _from_tables((model.pk, space.checksum), space, lambda: predictor_of(model), rows)
    low, high = spread_of(model, values)
    if not np.isfinite(high).all():  # too few networks were kept apart for this level
        low = high = None
    return Prediction(
        metric="latency_ms",
        values=values,
        unit="ms",
        origin="predicted",
        method=f"{model.kind}, version {model.version}",
        low=low,
        high=high,
        model=str(model.pk),
    )


def _immediate(device: Device, space: SearchSpace, rows: Any) -> dict[str, Prediction]:
    return {
        answer.metric: Prediction(
            metric=answer.metric,
            values=answer.values,
            unit=METRICS[answer.metric],
            origin=answer.origin,
            method=answer.method,
            why=answer.why,
        )
        for answer in answers(device, space, rows)
    }


def _energy(device: Device, space: SearchSpace, rows: Any) -> Prediction:
    """By energies per operation and byte: for comparing networks, not for a battery's life."""
    rules, precision = rules_of(device), device.precision

    def made() -> AnalyticEnergy:
        settings = {"dtype": precision, "batch_size": device.batch_size}
        return AnalyticEnergy.of(EnergyConfig.parse(settings), rules)

    key = ("energy", device.pk, precision, device.batch_size, space.checksum)
    values = _from_tables(key, space, made, rows)
    method = "energies per operation and byte, 45 nm"
    return Prediction("energy_mj", values, METRICS["energy_mj"], "analytic", method)


def _memory(device: Device, space: SearchSpace, rows: Any) -> Prediction:
    networks = [space.decode(tuple(row)) for row in rows.tolist()]
    plans = [
        plan_memory(network, dtype=device.precision, batch_size=device.batch_size)
        for network in networks
    ]
    values = np.array([(plan.arena_bytes + plan.weight_bytes) / _MIB for plan in plans])
    method = "static plan of tensors, and weights"
    return Prediction("peak_memory_mib", values, METRICS["peak_memory_mib"], "analytic", method)


def _canonical(space: SearchSpace, genes: Sequence[Genes]) -> Any:
    """`n x v`. SpaceError with the number of the row."""
    rows = np.zeros((len(genes), len(space.variables)), dtype=np.int64)
    for number, row in enumerate(genes):
        try:
            rows[number] = space.canonical(tuple(row))
        except SpaceError as error:
            raise SpaceError(str(error), f"genes.{number}") from error
    return rows


def _from_tables(
    key: tuple[Any, ...], space: SearchSpace, made: Callable[[], Any], rows: Any
) -> Floats:
    """By tables over the pieces of the space, which are kept from call to call."""
    key = (*key, tuple(space.input_shape), space.classes)
    with _lock:  # they grow while they answer
        if key not in _tables:
            _tables[key] = GeneTables(space, made())
        _tables.move_to_end(key)
        while len(_tables) > _KEPT:
            _tables.popitem(last=False)
        return np.asarray(_tables[key].predict(rows), dtype=np.float64)


def _check(metrics: Sequence[str], count: int) -> None:
    for name in metrics:
        if name not in METRICS:
            text = f"Allowed are {', '.join(METRICS)}, got {name!r:.40}."
            raise ConfigError({"metrics": [text]})
    if "peak_memory_mib" in metrics and count > MOST_DECODED:
        text = f"Memory is planned for at most {MOST_DECODED} rows per call, got {count}."
        raise ConfigError({"metrics": [text]})
