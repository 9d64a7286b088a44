"""What the forms for new devices and for imports offer."""

import os
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest

from experiments.pages.device_rows import DESCRIBED, tables
from experiments.pages.device_runs import space_choices
from hardware_profiles.models import MAX_BATCH_SIZE, Device
from hardware_profiles.runtimes import RUNTIMES

TABS = {
    "local": ("This host", "Measured here, on this machine, under a runtime you choose."),
    "agent": ("Another machine", "A light client there measures and reports back."),
    "analytic": ("Description", "Peak compute and bandwidth: a roofline, nothing is measured."),
    "table": ("Imported table", "Numbers somebody else measured, as CSV."),
}
"""Kind -> what its tab is called, and what it means."""
FACTS = (
    "peak_fp32_gflops",
    "peak_fp16_gflops",
    "peak_int8_gops",
    "mem_bw_gbs",
    "onchip_kib",
    "power_w",
)
"""What the form for a description asks for."""


def context(request: HttpRequest) -> dict[str, Any]:
    """Context of the page with a form for each kind."""
    kind = request.GET.get("kind", "local")
    cores = os.cpu_count() or 1
    return {
        "tabs": [{"key": k, "label": label, "hint": hint} for k, (label, hint) in TABS.items()],
        "kind": kind if kind in TABS else "local",
        "runtimes": [_runtime(entry.key, entry.label, entry.summary) for entry in RUNTIMES],
        "precisions": dict(Device.Precision.choices),
        "cores": cores,
        "threads": sorted({1, 2, 4, cores} & set(range(1, cores + 1))),
        "max_batch": MAX_BATCH_SIZE,
        "facts": [(key, *DESCRIBED[key], key == "mem_bw_gbs") for key in FACTS],
        "base_url": f"{request.scheme}://{request.get_host()}",
        "plain": request.scheme == "http",
    }


def import_context(device: Device, user: AbstractBaseUser) -> dict[str, Any]:
    """Context of the page that imports a table into a device."""
    return {
        "device": device,
        "takes_tables": device.kind == Device.Kind.TABLE,
        "tables": tables(device),
        "spaces": space_choices(user),
    }


def _runtime(key: str, label: str, summary: str) -> dict[str, Any]:
    """A runtime with what it can compute with, and why it cannot run here if it cannot."""
    cls: Any = RUNTIMES.resolve(key)
    return {
        "key": key,
        "label": label,
        "summary": summary,
        "precisions": list(cls.precisions),
        "problem": cls.available(),
    }
