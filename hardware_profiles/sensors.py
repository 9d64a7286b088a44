"""What Linux tells about the processor now: clock, heat, throttling, stolen time, others' load.

Every reading is null where the system does not offer it. `root` is the folder in which `/proc` and
`/sys` lie, so that tests bring their own.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path("/")
_CPU = "sys/devices/system/cpu"
_TICK_NS = 10**9 // (os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100)
_PROCESSOR_CHIPS = ("coretemp", "k10temp", "zenpower", "cpu_thermal")
_PROCESSOR_ZONES = ("x86_pkg_temp", "cpu", "soc", "acpitz")
_BUSY, _STEAL = (0, 1, 2, 5, 6), 7  # user, nice, system, irq, softirq; columns of /proc/stat
_LOOK_EVERY_S = 0.2


def read(path: Path) -> str | None:
    """Text of a small file without white space around it, or None."""
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def affinity() -> list[int] | None:
    """Processors that this process may use."""
    if not hasattr(os, "sched_getaffinity"):  # macOS
        return None
    return sorted(os.sched_getaffinity(0))


def governor(root: Path = ROOT) -> str | None:
    """The rule by which the system chooses clocks; `performance` repeats best."""
    return read(root / _CPU / "cpu0/cpufreq/scaling_governor")


def frequency_mhz(root: Path = ROOT) -> float | None:
    """Fastest clock of our processors now; virtual machines report their nominal one."""
    clocks = [
        int(text)
        for cpu in affinity() or [0]
        if (text := read(root / _CPU / f"cpu{cpu}/cpufreq/scaling_cur_freq"))
    ]
    if clocks:
        return round(max(clocks) / 1000, 1)
    for line in (read(root / "proc/cpuinfo") or "").splitlines():
        if line.startswith("cpu MHz"):
            return round(float(line.partition(":")[2]), 1)
    return None


def temperature_c(root: Path = ROOT) -> float | None:
    """Hottest sensor of the processor; virtual machines rarely have one."""
    found = [int(text) / 1000 for path in _sensors(root) if (text := read(path))]
    return round(max(found), 1) if found else None


def throttled(root: Path = ROOT) -> int | None:
    """How often our processors slowed themselves down since the machine started."""
    counts = [
        int(text)
        for cpu in affinity() or [0]
        for kind in ("core", "package")
        if (text := read(root / _CPU / f"cpu{cpu}/thermal_throttle/{kind}_throttle_count"))
    ]
    return sum(counts) if counts else None


def stolen_ns(root: Path = ROOT) -> int:
    """Nanoseconds of our processors that the hypervisor gave to other machines; 0 if untold."""
    return sum(row[_STEAL] for row in _times(root)) * _TICK_NS


def busy_ns(root: Path = ROOT) -> int | None:
    """Nanoseconds that our processors have worked, for whomever; None if untold."""
    rows = list(_times(root))
    return sum(row[column] for row in rows for column in _BUSY) * _TICK_NS if rows else None


class Watch:
    """Looks at the processor while something is timed."""

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self._looked = 0.0
        self._clocks: list[float] = []
        self._heat: list[float] = []

    def start(self) -> None:
        """Remember where all counters stand."""
        self._began, self._own = time.monotonic(), time.process_time_ns()
        self._stolen, self._busy = stolen_ns(self._root), busy_ns(self._root)
        self._throttled = throttled(self._root)

    def look(self) -> None:
        """Read clock and temperature, at most five times a second."""
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY_S:
            return
        self._looked = now
        clock, heat = frequency_mhz(self._root), temperature_c(self._root)
        self._clocks += [clock] if clock else []
        self._heat += [heat] if heat else []

    def finish(self) -> dict[str, Any]:
        """What happened since the start; JSON only.

        Returns:
            `seconds`; `stolen_share` of our processors' time; `others_busy`, processors that
            worked for other programs, on average; `throttled` times; `frequency_mhz` (lowest and
            highest seen) and `temperature_c` (highest seen).
        """
        seconds = max(time.monotonic() - self._began, 1e-9)
        available = seconds * 1e9 * len(affinity() or [0])
        after, throttles = busy_ns(self._root), throttled(self._root)
        others = None
        if after is not None and self._busy is not None:
            own = time.process_time_ns() - self._own
            others = round(max(0.0, after - self._busy - own) / (seconds * 1e9), 3)
        stolen = None if after is None else stolen_ns(self._root) - self._stolen
        return {
            "seconds": round(seconds, 3),
            "stolen_share": None if stolen is None else round(stolen / available, 4),
            "others_busy": others,
            "throttled": (throttles or 0) - (self._throttled or 0),
            "frequency_mhz": [min(self._clocks), max(self._clocks)] if self._clocks else None,
            "temperature_c": max(self._heat) if self._heat else None,
        }


def _times(root: Path) -> Iterator[list[int]]:
    """Columns of /proc/stat for each of our processors."""
    ours = {f"cpu{cpu}" for cpu in affinity() or [0]}
    for line in (read(root / "proc/stat") or "").splitlines():
        name, *values = line.split()
        if name in ours and len(values) > _STEAL:
            yield [int(value) for value in values]


def _sensors(root: Path) -> Iterator[Path]:
    chips = sorted(root.glob("sys/class/hwmon/hwmon*"))
    for chip in chips:
        if read(chip / "name") in _PROCESSOR_CHIPS:
            yield from sorted(chip.glob("temp*_input"))
    for zone in sorted(root.glob("sys/class/thermal/thermal_zone*")):
        if (read(zone / "type") or "").lower().startswith(_PROCESSOR_ZONES):
            yield zone / "temp"
