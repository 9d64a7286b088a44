"""The metrics a trial can carry: names, units, directions; one table for pages, API, engine."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """A number with a unit.

    Attributes:
        key: name in trials, objectives and constraints.
        unit: empty for fractions and counts.
        needs_device: belongs to a device, not to the network alone.
        kind: `quality` is from an evaluator, `analytic` from the network, `device` measured.
    """

    key: str
    label: str
    unit: str
    better: Literal["higher", "lower"]
    kind: Literal["quality", "analytic", "device"]

    @property
    def needs_device(self) -> bool:
        return self.kind == "device"


METRICS: dict[str, Metric] = {
    metric.key: metric
    for metric in (
        Metric("accuracy", "Accuracy", "", "higher", "quality"),
        Metric("latency_ms", "Latency", "ms", "lower", "device"),
        Metric("energy_mj", "Energy", "mJ", "lower", "device"),
        Metric("params", "Parameters", "", "lower", "analytic"),
        Metric("macs", "MACs", "", "lower", "analytic"),
        Metric("peak_memory_mib", "Peak activation memory", "MiB", "lower", "analytic"),
        Metric("weight_size_mib", "Weight size", "MiB", "lower", "analytic"),
    )
}
