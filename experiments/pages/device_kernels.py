"""How close the kernels and networks that were measured come to the roofs of their device."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from experiments.figures import numbers
from experiments.figures.device_roofline import Roofs, Work, describe, roofline_svg
from experiments.figures.svg import as_html
from hardware_profiles.descriptors import PEAKS
from hardware_profiles.models import Device, KernelTiming, Measurement
from hardware_profiles.profiling.ledger import rules_of
from search_engine.costs.units import Unit, units_of
from search_engine.errors import SearchEngineError
from search_engine.network import NetworkSpec
from search_engine.ops import OPS
from search_engine.protocols import SearchSpace

SHOWN_NETWORKS, SHOWN_KERNELS = 60, 300
BYTES = {"fp32": 4, "bf16": 2, "fp16": 2, "int8": 1}


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


def decoded(space: SearchSpace, genes: Iterable[int]) -> NetworkSpec | None:
    """The network, or None if it belongs to another version of the space."""
    try:
        return space.decode(tuple(genes))
    except SearchEngineError:
        return None


def measured_networks(device: Device, space: SearchSpace, slug: str) -> list:
    """Networks of a space with their newest stable latency, at most `SHOWN_NETWORKS`."""
    rows = device.measurements.filter(
        space=slug, metric="latency_ms", status=Measurement.Status.OK, quarantined=False
    )
    found: dict[str, tuple[NetworkSpec, float]] = {}
    for genes, value in rows.values_list("genes", "value")[: 2 * SHOWN_NETWORKS]:
        key = ",".join(map(str, genes))
        if key not in found and len(found) < SHOWN_NETWORKS and (net := decoded(space, genes)):
            found[key] = (net, value)
    return list(found.values())


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
