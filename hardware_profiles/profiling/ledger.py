"""What a profiling run has measured, as evidence to fit on and as pairs to judge by."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db.models import FloatField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from hardware_profiles.models import Device, KernelTiming, Measurement, Profile
from hardware_profiles.runtimes import rules_for
from search_engine.costs.predictors.protocol import Evidence, Floats, KernelSample
from search_engine.costs.units import RuntimeRules, Unit
from search_engine.protocols import SearchSpace

_USUAL_PERCENTILE = 25


def measured(profile: Profile, split: str | None = None) -> list[Measurement]:
    """The first trustworthy latency of every network of a run, in the order they were taken.

    Raw samples and circumstances are not loaded.
    """
    return list({row.network_hash: row for row in reversed(_rows(profile, split))}.values())[::-1]


def repeated(profile: Profile) -> list[tuple[float, float]]:
    """First and second latency of the test networks that were measured twice."""
    first = {row.network_hash: row for row in measured(profile, Measurement.Split.TEST)}
    again = [row for row in _rows(profile, Measurement.Split.TEST) if row not in first.values()]
    return [(first[row.network_hash].value, row.value) for row in again]


def evidence_of(profile: Profile, space: SearchSpace) -> Evidence:
    """Everything to fit on: networks that are not kept apart, and timed execution units."""
    rows = measured(profile, Measurement.Split.FIT)
    return Evidence(
        networks=[space.decode(tuple(row.genes)) for row in rows],
        values=at_usual_speed(rows),
        rules=rules_of(profile.device),
        kernels=kernels_of(profile.device, rows[-1].fingerprint if rows else ""),
        space=space,
        facts=facts_of(profile.device),
    )


def values_of(rows: Sequence[Measurement]) -> Floats:
    """Latencies, ms."""
    return np.array([row.value for row in rows], dtype=np.float64)


def at_usual_speed(rows: Sequence[Measurement]) -> Floats:
    """Latencies (ms) as they would be with the host at its usual speed.

    What the reference network took beside each tells how fast the host was; this is for fitting
    only. Models are judged by latencies as they were measured.
    """
    values = values_of(rows)
    taken = np.array([row.reference_ms or np.nan for row in rows], dtype=np.float64)
    if not len(rows) or not np.isfinite(taken).all():
        return values
    return values * np.percentile(taken, _USUAL_PERCENTILE) / taken


def rules_of(device: Device) -> RuntimeRules:
    """How the device's runtime executes networks."""
    if not device.runtime:  # a table or a description
        return RuntimeRules()
    return rules_for(device.runtime, device.precision)


def kernels_of(device: Device, fingerprint: str) -> list[KernelSample]:
    """Timed units of a device as it is now; the newest timing of each."""
    rows = device.kernels.filter(fingerprint=fingerprint, quarantined=False, value_ms__gt=0)
    newest: dict[str, KernelTiming] = {row.key: row for row in rows.order_by("created_at")}
    return [KernelSample(Unit.from_json(row.unit), row.value_ms) for row in newest.values()]


def facts_of(device: Device) -> dict[str, Any]:
    """What a model may need to know of a device."""
    return {
        "descriptor": device.descriptor,
        "precision": device.precision,
        "threads": device.threads,
        "batch_size": device.batch_size,
    }


def _rows(profile: Profile, split: str | None) -> list[Measurement]:
    rows = profile.measurements.filter(quarantined=False, status=Measurement.Status.OK)
    if split is not None:
        rows = rows.filter(split=split)
    heavy = ("samples", "phases", "environment")
    told = KeyTextTransform("reference_ms", "environment")
    rows = rows.annotate(reference_ms=Cast(told, FloatField()))
    return list(rows.defer(*heavy).order_by("created_at", "pk"))
