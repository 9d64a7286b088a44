"""Energy of one inference by the counters of the machine, idle power subtracted.

E = energy of a window of back-to-back inferences - idle power x its time, divided by their number;
windows of 2 s or more and at least 20 updates of the counter; idle power before and after must
agree. Time x rated power would only be an upper bound, so it is never offered.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pydantic import Field

from hardware_profiles.errors import NotMeasurableError
from hardware_profiles.running import Prepared
from hardware_profiles.samples import MetricResult, spread_of
from hardware_profiles.sensors import ROOT, read
from hardware_profiles.timing import run
from search_engine.config import Config

_UPDATES = 20  # of the counter within a window, at least


class EnergyPlan(Config):
    """How carefully to measure energy."""

    windows: int = Field(3, ge=1, le=20, description="Windows of inferences.")
    window_seconds: float = Field(2.0, ge=2, le=60, description="Length of each, at least.")
    idle_seconds: float = Field(10.0, ge=1, le=60, description="Idle time before and after.")
    idle_slices: int = Field(10, ge=3, le=100, description="Their median is the idle power.")
    idle_factor: float = Field(
        1.05, gt=1, le=2, description="Idle power before and after may differ by this much."
    )


class Meter(Protocol):
    """A counter of energy.

    Attributes:
        name: what is counted, for people.
        period_s: how often the counter is brought up to date, in seconds.
    """

    name: str
    period_s: float

    def joules(self) -> float:
        """Energy since the meter was made."""


class RaplMeter:
    """Package and memory of Intel and AMD processors (RAPL), as Linux offers them in powercap.

    Each counter starts again at zero at its `max_energy_range_uj`; it must be read more often than
    that happens, which at 200 W is once in twenty minutes or so.
    """

    period_s = 0.001

    def __init__(self, zones: Sequence[Path]) -> None:
        self._zones = zones
        self._ranges = [int(_needed(zone / "max_energy_range_uj")) for zone in zones]
        self._last = [int(_needed(zone / "energy_uj")) for zone in zones]
        self._total_uj = 0
        names = ", ".join(_needed(zone / "name") for zone in zones)
        self.name = f"RAPL ({names})"

    def joules(self) -> float:
        """Energy since the meter was made; wraps are seen through."""
        for index, zone in enumerate(self._zones):
            now = int(_needed(zone / "energy_uj"))
            gone = now - self._last[index]
            self._total_uj += gone if gone >= 0 else gone + self._ranges[index]
            self._last[index] = now
        return self._total_uj / 1e6


class NvmlMeter:
    """A whole NVIDIA board by NVML's counter (Volta and later)."""

    period_s = 0.1

    def __init__(self, nvml: Any, index: int = 0) -> None:
        self._nvml = nvml
        self._board = nvml.nvmlDeviceGetHandleByIndex(index)
        self._began = nvml.nvmlDeviceGetTotalEnergyConsumption(self._board)
        self.name = f"NVML ({nvml.nvmlDeviceGetName(self._board)})"

    def joules(self) -> float:
        """Energy since the meter was made."""
        now = self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._board)
        return float(now - self._began) / 1e3


@dataclass(frozen=True, slots=True)
class EnergyClock:
    """Seconds, and a way to let them pass; tests bring their own."""

    now: Callable[[], float] = time.perf_counter
    sleep: Callable[[float], None] = time.sleep


def find_meter(accelerator: str = "cpu", root: Path = ROOT) -> Meter:
    """The counter that covers what computes.

    Raises:
        NotMeasurableError: there is none, or it may not be read; the message says why.
    """
    return _nvml_meter() if accelerator == "cuda" else _rapl_meter(root)


def measure_energy(
    digest: str,
    prepared: Prepared,
    meter: Meter,
    plan: EnergyPlan,
    *,
    environment: Mapping[str, Any],
    clock: EnergyClock | None = None,
) -> MetricResult:
    """Energy of one inference, in millijoules, as `energy_mj`.

    Args:
        digest: of the network.
        prepared: warmed up; its session is open and nothing else computes.
        environment: facts to store; the meter, idle power and power under load are added.

    Raises:
        NotMeasurableError: the network drew no more than the idle machine.
    """
    clock = clock or EnergyClock()
    before = _idle_watts(meter, plan, clock)
    windows = [_window(prepared, meter, plan, clock) for _ in range(plan.windows)]
    after = _idle_watts(meter, plan, clock)
    idle = (before + after) / 2
    each = [(item["joules"] - idle * item["seconds"]) / item["runs"] * 1e3 for item in windows]
    value = float(np.median(each))
    if not value > 0:
        raise NotMeasurableError(
            f"Not measurable here: under load {meter.name} drew no more than the {idle:.3g} W of "
            "the idle machine."
        )
    restless = max(before, after) > plan.idle_factor * min(before, after)
    note = f"Idle power was {before:.3g} W before and {after:.3g} W after." if restless else ""
    watts = sum(item["joules"] for item in windows) / sum(item["seconds"] for item in windows)
    facts = {"meter": meter.name, "idle_w": [before, after], "active_w": watts}
    return MetricResult(
        digest=digest,
        metric="energy_mj",
        value=value,
        unit="mJ",
        spread=spread_of(each),
        n=int(sum(item["runs"] for item in windows)),
        status="unstable" if restless else "ok",
        note=note,
        samples={"windows": windows, "plan": plan.model_dump()},
        environment={**environment, **facts},
    )


def _window(
    prepared: Prepared, meter: Meter, plan: EnergyPlan, clock: EnergyClock
) -> dict[str, float]:
    """Back-to-back inferences until the window is full."""
    least = max(plan.window_seconds, _UPDATES * meter.period_s)
    runs, joules, began = 0, meter.joules(), clock.now()
    while (elapsed := clock.now() - began) < least:
        run(prepared)
        runs += 1
    return {"joules": meter.joules() - joules, "seconds": elapsed, "runs": runs}


def _idle_watts(meter: Meter, plan: EnergyPlan, clock: EnergyClock) -> float:
    """Median power over slices of an idle time."""
    powers = []
    for _ in range(plan.idle_slices):
        joules, began = meter.joules(), clock.now()
        clock.sleep(plan.idle_seconds / plan.idle_slices)
        powers.append((meter.joules() - joules) / (clock.now() - began))
    return float(np.median(powers))


def _rapl_meter(root: Path) -> RaplMeter:
    top = root / "sys/class/powercap"
    zones = [
        zone
        for zone in sorted(top.glob("intel-rapl:*"))
        if (read(zone / "name") or "").startswith(("package", "dram"))
    ]
    if not zones:
        raise NotMeasurableError(
            "Energy is not measurable here: the system offers no RAPL counters "
            "(/sys/class/powercap/intel-rapl). Virtual machines rarely have them."
        )
    if any(read(zone / "energy_uj") is None for zone in zones):
        raise NotMeasurableError(
            "Energy is not measurable here: the RAPL counters may be read by root only. Let the "
            "device worker read /sys/class/powercap/intel-rapl:*/energy_uj."
        )
    return RaplMeter(zones)


def _nvml_meter() -> NvmlMeter:
    try:
        nvml = import_module("pynvml")
    except ImportError:
        raise NotMeasurableError(
            "Energy is not measurable here: install nvidia-ml-py to read the GPU's counter."
        ) from None
    try:
        nvml.nvmlInit()
        return NvmlMeter(nvml)
    except nvml.NVMLError as error:
        raise NotMeasurableError(f"Energy is not measurable here: NVML says {error}.") from error


def _needed(path: Path) -> str:
    text = read(path)
    if text is None:
        raise NotMeasurableError(f"Energy is not measurable here: {path} cannot be read.")
    return text
