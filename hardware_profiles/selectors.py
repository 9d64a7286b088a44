"""Reads: devices, their state, their measurements, and what the reference network usually takes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Prefetch, QuerySet

from hardware_profiles.models import Device, DeviceQuerySet, DeviceTable, Measurement
from hardware_profiles.runtimes import RUNTIMES

REFERENCE_HISTORY = 20
_ROWS_READ = 200
_CURRENT = Prefetch(
    "tables",
    DeviceTable.objects.filter(is_current=True).defer("content").order_by("-metric"),
    to_attr="current_tables",
)
_USUAL_PERCENTILE = 25  # quiet calls decide; a host that became slow for good is believed in time


def active_devices() -> DeviceQuerySet:
    """Devices that may be chosen, by slug."""
    return Device.objects.active().with_latest().prefetch_related(_CURRENT).order_by("slug")


def all_devices() -> DeviceQuerySet:
    """All devices, also those that are switched off, by slug."""
    return Device.objects.with_latest().prefetch_related(_CURRENT).order_by("slug")


def device_metrics(device: Device) -> tuple[str, ...]:
    """Metrics that the device gives: measured, looked up or computed from its description."""
    if device.kind == Device.Kind.TABLE:
        return tuple(table.metric for table in tables_in_use(device))
    if device.kind == Device.Kind.ANALYTIC and device.descriptor.get("power_w"):
        return ("latency_ms", "energy_mj")
    return ("latency_ms",)


def tables_in_use(device: Device) -> list[DeviceTable]:
    """The current imported tables, latency first, without their content."""
    known: Mapping[str, Any] = vars(device)
    if "current_tables" in known:
        return list(known["current_tables"])
    rows = device.tables.filter(is_current=True).defer("content")
    return list(rows.order_by("-metric"))


def device_status(device: Device) -> str:
    """`disabled`, `unmeasured` (no numbers yet), `unstable` (the newest was) or `ready`."""
    if not device.is_active:
        return "disabled"
    if device.kind == Device.Kind.ANALYTIC:
        return "ready"
    if device.kind == Device.Kind.TABLE:
        return "ready" if tables_in_use(device) else "unmeasured"
    last = _latest(device)[0]
    if last is None:
        return "unmeasured"
    return "ready" if last == Measurement.Status.OK else "unstable"


def device_row(device: Device) -> dict[str, Any]:
    """A device as the API and the catalog show it; JSON only."""
    label = RUNTIMES.entry(device.runtime).label if device.runtime in RUNTIMES else ""
    return {
        "slug": device.slug,
        "name": device.name,
        "kind": device.kind,
        "runtime": device.runtime,
        "runtime_label": label or device.get_kind_display(),
        "threads": device.threads,
        "precision": device.precision,
        "batch_size": device.batch_size,
        "spec": device.spec,
        "descriptor": device.descriptor,
        "metrics": list(device_metrics(device)),
        "tables": [_table_fact(table) for table in tables_in_use(device)]
        if device.kind == Device.Kind.TABLE
        else [],
        "status": device_status(device),
        "is_active": device.is_active,
        **_standing(device),
        "notes": device.notes,
        "last_measured_at": _text(_latest(device)[1]),
        "created_at": _text(device.created_at),
        "updated_at": _text(device.updated_at),
    }


def _standing(device: Device) -> dict[str, Any]:
    """Fitted models in use, and whether they can be trusted."""
    from hardware_profiles import profiling  # noqa: PLC0415 - measures, which needs this module

    predictors, (state, note) = profiling.predictor_rows(device), profiling.state_of(device)
    return {
        "predictor": next(iter(predictors), None),
        "predictors": predictors,
        "profile_state": state,
        "profile_note": note,
    }


def _table_fact(table: DeviceTable) -> dict[str, Any]:
    return {
        "metric": table.metric,
        "search_space": table.space,
        "layout": table.layout,
        "rows": table.rows,
        "flagged": table.flagged,
        "version": table.version,
        "imported_at": _text(table.created_at),
    }


def measurements_of(device: Device) -> QuerySet[Measurement]:
    """Everything that was measured on a device, newest first."""
    return device.measurements.order_by("-created_at", "-pk")


def latest_measurement(device: Device, network_hash: str) -> Measurement | None:
    """The newest stable latency of an architecture on a device."""
    rows = measurements_of(device).filter(network_hash=network_hash, metric="latency_ms")
    return rows.filter(status=Measurement.Status.OK).first()


def measurement_object(measurement: Measurement) -> dict[str, Any]:
    """The number with its origin, as the API shows every number; JSON only."""
    number = {
        "value": measurement.value,
        "unit": measurement.unit,
        "origin": measurement.origin,
        "spread": measurement.spread,
        "n": measurement.n,
        "measured_at": _text(measurement.created_at),
        "status": measurement.status,
    }
    return number | {"note": measurement.note} if measurement.note else number


def usual_reference_ms(device: Device, fingerprint: str) -> float | None:
    """What the reference network takes here when nothing disturbs; None before the first call.

    Unstable measurements count as well, so a host that became slower for good is believed after
    some measurements instead of being called slow for ever.
    """
    taken = device.measurements.filter(fingerprint=fingerprint, metric="latency_ms")
    found = taken.order_by("-created_at")
    facts = found.values_list("environment__reference_ms", flat=True)[:_ROWS_READ]
    # Networks of one call share one value.
    values = list(dict.fromkeys(value for value in facts if value))[:REFERENCE_HISTORY]
    return float(np.percentile(values, _USUAL_PERCENTILE)) if values else None


def _text(moment: datetime | None) -> str | None:
    return moment and moment.isoformat().replace("+00:00", "Z")


def _latest(device: Device) -> tuple[str | None, datetime | None]:
    known: Mapping[str, Any] = vars(device)
    if "last_status" in known:
        return known["last_status"], known["last_measured_at"]
    rows = measurements_of(device).filter(metric="latency_ms")
    row = rows.values_list("status", "created_at").first()
    return row or (None, None)
