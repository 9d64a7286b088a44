"""Kernels of a device: which shapes were timed, and how close they come to its roofs."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.figures import numbers
from experiments.figures.device_roofline import Roofs, Work, describe, roofline_svg
from experiments.figures.svg import as_html
from hardware_profiles.descriptors import PEAKS
from hardware_profiles.models import Device, KernelTiming, Measurement
from hardware_profiles.runtimes import RUNTIMES
from search_engine.costs.units import RuntimeRules, Unit, units_of
from search_engine.network import NetworkSpec
from search_engine.ops import OPS
from search_engine.protocols import SearchSpace

DRAWS = 24
SHOWN_NETWORKS, SHOWN_KERNELS = 60, 300
BYTES = {"fp32": 4, "bf16": 2, "fp16": 2, "int8": 1}


@dataclass(frozen=True)
class Coverage:
    """Kernel kinds against sizes of their output.

    Attributes:
        sides: columns, as words.
        rows: one per kind: its name and cells, each `needed`, `timed` and a `level` from 0 to 4.
        missing: kinds of which nothing was timed.
    """

    sides: list[str]
    rows: list[dict[str, Any]]
    timed: int
    needed: int
    missing: list[str]


def rules_of(device: Device) -> RuntimeRules:
    """How the runtime of a device executes networks."""
    if not device.runtime:
        return RuntimeRules()
    return getattr(RUNTIMES.resolve(device.runtime), "rules", RuntimeRules())


def coverage(device: Device, space: SearchSpace) -> Coverage | None:
    """Of the kernels that random networks of the space need, which were timed; None if none was.

    Kernels are compared by their keys: the operation, its settings and its shapes.
    """
    rows = KernelTiming.objects.filter(device=device, quarantined=False)
    timed = set(rows.values_list("key", flat=True))
    if not timed:
        return None
    rng = np.random.default_rng(0)
    networks = (space.decode(space.sample(rng)) for _ in range(DRAWS))
    needed = {u.key: u for net in networks for u in units_of(net, rules_of(device))}
    return _grid(needed.values(), timed)


def roofline(device: Device, networks: Sequence[tuple[NetworkSpec, float]]) -> dict[str, Any]:
    """Chart, sentence and table of what was measured against the stated roofs."""
    work = [*_kernel_work(device), *(_network_work(device, *pair) for pair in networks)]
    work = [item for item in work if item is not None]
    roofs = roofs_of(device)
    return {
        "picture": as_html(roofline_svg(work, roofs)) if work or roofs.peak_gflops else "",
        "summary": describe(work, roofs),
        "roofs": roofs,
        "rows": [_work_row(index, item, roofs) for index, item in enumerate(work)],
        "families": sorted({item.family for item in work if item.family}),
        "has_networks": any(not item.family for item in work),
    }


def roofs_of(device: Device) -> Roofs:
    """The limits that the description of a device states for its precision."""
    stated = device.descriptor or {}
    peak = stated.get(PEAKS[device.precision])
    return Roofs(_positive(peak), _positive(stated.get("mem_bw_gbs")))


def measured_networks(device: Device, space: SearchSpace, slug: str) -> list:
    """Networks of a space with their newest stable latency, at most `SHOWN_NETWORKS`."""
    rows = device.measurements.filter(
        space=slug, metric="latency_ms", status=Measurement.Status.OK, quarantined=False
    )
    found: dict[str, tuple[NetworkSpec, float]] = {}
    for genes, value in rows.values_list("genes", "value")[: 2 * SHOWN_NETWORKS]:
        key = ",".join(map(str, genes))
        if key not in found and len(found) < SHOWN_NETWORKS:
            found[key] = (space.decode(tuple(genes)), value)
    return list(found.values())


def _grid(needed: Iterable[Unit], timed: set[str]) -> Coverage:
    cells: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    units = list(needed)
    for unit in units:
        cell = cells[unit.kind, _side(unit)]
        cell[0] += unit.key in timed
        cell[1] += 1
    sides = sorted({side for _, side in cells}, reverse=True)
    kinds = sorted({kind for kind, _ in cells})
    rows = [{"kind": k, "cells": [_cell(k, s, cells.get((k, s))) for s in sides]} for k in kinds]
    return Coverage(
        sides=[f"{side}²" if side > 1 else "1" for side in sides],
        rows=rows,
        timed=sum(unit.key in timed for unit in units),
        needed=len(units),
        missing=[k for k in kinds if not any(c[0] for (kind, _), c in cells.items() if kind == k)],
    )


def _cell(kind: str, side: int, counts: list[int] | None) -> dict[str, Any]:
    if counts is None:
        return {"needed": 0, "timed": 0, "level": "", "title": f"{kind}: none at this size"}
    timed, needed = counts
    level = 0 if not timed else 1 + min(3, int(3 * timed / needed))
    size = f"{side}×{side}" if side > 1 else "a vector"
    return {
        "needed": needed,
        "timed": timed,
        "level": level,
        "title": f"{kind} with an output of {size}: {timed} of {needed} shapes timed",
    }


def _side(unit: Unit) -> int:
    return unit.output[-1] if len(unit.output) == 3 else 1


def _kernel_work(device: Device) -> Iterable[Work | None]:
    rows = KernelTiming.objects.filter(device=device, quarantined=False, value_ms__gt=0)
    size = BYTES[device.precision]
    for row in rows.order_by("-created_at")[:SHOWN_KERNELS]:
        unit = Unit.from_json(row.unit)
        flop, moved = _cost(unit, device.batch_size, size)
        if flop:
            family = OPS.resolve(unit.op).family(unit.attributes)
            speed = flop / row.value_ms / 1e6
            yield Work(_unit_name(unit), flop / moved, speed, row.value_ms, family)


def _network_work(device: Device, network: NetworkSpec, ms: float) -> Work | None:
    size, batch = BYTES[device.precision], device.batch_size
    costs = [_cost(unit, batch, size) for unit in units_of(network, rules_of(device))]
    flop, moved = sum(c[0] for c in costs), sum(c[1] for c in costs)
    if not flop:
        return None
    return Work(f"network {network.digest[:8]}", flop / moved, flop / ms / 1e6, ms)


def _cost(unit: Unit, batch: int, size: int) -> tuple[float, float]:
    """FLOP, and bytes if every tensor is moved once."""
    elements = sum(_count(shape) for shape in unit.inputs) + _count(unit.output)
    return 2.0 * unit.macs * batch, float(size) * (batch * elements + unit.params)


def _count(shape: Iterable[int]) -> int:
    return math.prod(shape)


def _unit_name(unit: Unit) -> str:
    kernel = unit.attributes.get("kernel")
    size = f" {kernel}×{kernel}" if isinstance(kernel, int) else ""
    shape = "×".join(map(str, unit.output))
    return f"{unit.kind}{size} → {shape}"


def _work_row(index: int, item: Work, roofs: Roofs) -> dict[str, Any]:
    limit = roofs.limit(item.intensity)
    return {
        "index": index,
        "name": item.name,
        "family": item.family,
        "intensity": numbers.significant(item.intensity),
        "gflops": numbers.significant(item.gflops),
        "latency": numbers.metric("latency_ms", item.ms),
        "share": f"{100 * item.gflops / limit:.0f} %" if limit else numbers.MISSING,
    }


def _positive(value: Any) -> float | None:
    return float(value) if numbers.is_number(value) and value > 0 else None
