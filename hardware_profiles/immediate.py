"""Devices that answer at once: looked up in their table, or computed from their description."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hardware_profiles.analytic import described
from hardware_profiles.errors import DeviceMetricError
from hardware_profiles.models import Device
from hardware_profiles.selectors import device_metrics
from hardware_profiles.tables.content import Floats
from hardware_profiles.tables.lookup import GenesArray, look_up_some, table_for
from search_engine.protocols import SearchSpace
from search_engine.types import Genes, Origin


@dataclass(frozen=True, slots=True)
class Answer:
    """One metric of many architectures on one device.

    Attributes:
        values: `n` numbers in the metric's unit; nan where the device has none.
        origin, method: what the numbers are called, and how they came about.
        why: the reason for an architecture (by its row) that has no number.
    """

    metric: str
    values: Floats
    origin: Origin
    method: str
    why: Callable[[int], str]


def is_immediate(device: Device) -> bool:
    """The device needs no measuring: a table or a description."""
    return device.kind in Device.IMMEDIATE


def answers(
    device: Device, space: SearchSpace, genes: Sequence[Genes] | GenesArray
) -> list[Answer]:
    """Everything that a table or a description says about architectures.

    Args:
        genes: `n x v`, canonical.

    Raises:
        DeviceMetricError: it says nothing about this space, or about images of this size.
    """
    rows = np.asarray(genes, dtype=np.int64).reshape(-1, len(space.variables))
    if device.kind == Device.Kind.ANALYTIC:
        return _described(device, space, rows)
    return _looked_up(device, space, rows)


def check_device(device: Device, space: SearchSpace, metrics: Sequence[str]) -> None:
    """DeviceMetricError if a device does not give all these metrics, or not for this space."""
    given = device_metrics(device)
    for metric in metrics:
        if metric not in given:
            has = ", ".join(given) or "nothing yet: no table was imported"
            raise DeviceMetricError(f"Device {device.slug} gives no {metric}; it gives {has}.")
    if device.kind == Device.Kind.TABLE:
        for metric in metrics or given:
            table_for(device, space, metric)
        if not given:
            raise DeviceMetricError(f"Device {device.slug} has no table yet. Import one.")


def _looked_up(device: Device, space: SearchSpace, rows: GenesArray) -> list[Answer]:
    found = [look_up_some(device, space, rows, metric) for metric in device_metrics(device)]
    return [
        Answer(
            metric=item.table.metric,
            values=item.values,
            origin="looked_up",
            method=f"table, import {item.table.version}",
            why=item.why,
        )
        for item in found
    ]


def _described(device: Device, space: SearchSpace, rows: GenesArray) -> list[Answer]:
    return [
        Answer(metric, values, "analytic", method, _never)
        for metric, values, method in described(device, space, rows)
    ]


def _never(index: int) -> str:
    return f"Row {index} has no number."
