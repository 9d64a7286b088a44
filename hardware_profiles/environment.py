"""What a latency depends on besides the network: the host, its load, its clock, its libraries."""

import hashlib
import json
import os
import platform
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from hardware_profiles import sensors
from hardware_profiles.sensors import read


def describe_host() -> dict[str, Any]:
    """Facts that stay while the machine is on.

    Returns:
        `cpu_model`, `architecture`, `logical_cores`, `memory_mib`, `system`, `kernel`,
        `hostname`; a fact the system does not tell is null.
    """
    return {
        "cpu_model": _cpu_model(),
        "architecture": platform.machine(),
        "logical_cores": os.cpu_count(),
        "memory_mib": _memory_mib(),
        "system": platform.system(),
        "kernel": platform.release(),
        "hostname": socket.gethostname(),
    }


def snapshot() -> dict[str, Any]:
    """Facts that change from moment to moment; what the system does not tell is null."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "frequency_mhz": sensors.frequency_mhz(),
        "governor": sensors.governor(),
        "temperature_c": sensors.temperature_c(),
        "affinity": sensors.affinity(),
    }


def library_versions() -> dict[str, str]:
    """Versions every record carries; a runtime adds its own."""
    return {"python": platform.python_version(), "numpy": np.__version__}


def fingerprint(host: Mapping[str, Any], runtime: str, versions: Mapping[str, str]) -> str:
    """Short text that is equal when two latencies may be compared: same processor, same runtime.

    Args:
        host: from `describe_host`.
        runtime: its registry key.
        versions: of the libraries the runtime depends on.
    """
    facts = [hardware_key(host), runtime, sorted(versions.items())]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def hardware_key(host: Mapping[str, Any]) -> str:
    """The processor as one line. The hostname is no part: containers change theirs."""
    parts = (host.get("cpu_model"), host.get("architecture"), host.get("logical_cores"))
    return "{} / {} / {} cores".format(*parts)


def _cpu_model() -> str | None:
    for line in (read(Path("/proc/cpuinfo")) or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model", "Hardware"):
            return value.strip()
    return platform.processor() or None


def _memory_mib() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (ValueError, OSError):
        return None
