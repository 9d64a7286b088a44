"""Descriptions of devices: peak compute, bandwidth, memory and power, checked; see devices.csv."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from search_engine.config import Config
from search_engine.errors import ConfigError

PEAKS = {
    "fp32": "peak_fp32_gflops",
    "bf16": "peak_fp16_gflops",
    "fp16": "peak_fp16_gflops",
    "int8": "peak_int8_gops",
}
"""Which peak counts at a precision."""

STATUSES = ("verified", "partial", "unverified")
_POSITIVE = {"gt": 0, "le": 1e9}
_TEXT: dict[str, Any] = {"max_length": 400}


class DeviceDescription(Config):
    """What is known of a device that nobody measured. Peaks are dense; 1 MAC = 2 operations."""

    peak_fp32_gflops: float | None = Field(None, **_POSITIVE, description="10^9 operations/s.")
    peak_fp16_gflops: float | None = Field(None, **_POSITIVE, description="10^9 operations/s.")
    peak_int8_gops: float | None = Field(None, **_POSITIVE, description="10^9 operations/s.")
    mem_bw_gbs: float | None = Field(None, **_POSITIVE, description="10^9 byte/s.")
    onchip_kib: float | None = Field(None, **_POSITIVE, description="Last-level cache or buffer.")
    power_w: float | None = Field(None, **_POSITIVE, description="Under load, watts.")
    launch_us: float | None = Field(None, ge=0, le=1e6, description="To start one kernel.")
    lanes: int | None = Field(None, ge=1, le=4096, description="Channels of a vector or tile unit.")
    clock_ghz: float | None = Field(None, gt=0, le=100)
    id: str = Field("", max_length=80)
    name: str = Field("", max_length=200)
    device_class: str = Field("", alias="class", max_length=40, description="Such as phone.")
    compute_units: str = Field("", **_TEXT)
    onchip_note: str = Field("", **_TEXT)
    power_note: str = Field("", **_TEXT)
    data_columns: str = Field("", **_TEXT, description="Benchmark columns measured on it.")
    status: Literal["verified", "partial", "unverified"] = Field(
        "unverified", description="How far the figures were checked against public sources."
    )
    source: str = Field("", max_length=600, description="Where the figures come from.")


def checked_descriptor(data: Mapping[str, Any], precision: str) -> dict[str, Any]:
    """A description as it is stored: known fields only, those that say nothing left out.

    Raises:
        ConfigError: a field is wrong, or peak or bandwidth is missing for this precision.
    """
    found = DeviceDescription.parse(dict(data)).model_dump(by_alias=True, exclude_defaults=True)
    found["status"] = data.get("status") or "unverified"
    peak = PEAKS[precision]
    missing = [name for name in (peak, "mem_bw_gbs") if name not in found]
    if missing:
        raise ConfigError(
            {
                name: [f"A description for {precision} needs {name}, a positive number."]
                for name in missing
            }
        )
    return found


def usable_precision(data: Mapping[str, Any]) -> str:
    """The most exact precision for which a description has a peak; empty if it has none."""
    return next((name for name in ("fp32", "fp16", "int8") if data.get(PEAKS[name])), "")
