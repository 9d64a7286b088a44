"""What a data sheet says of a device: peak rates, bandwidth, memory, power."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self, get_args

from search_engine.errors import PredictorError

Dtype = Literal["fp32", "fp16", "bf16", "int8"]
BYTES: dict[str, int] = {"fp32": 4, "fp16": 2, "bf16": 2, "int8": 1}
_PEAKS = {"fp32": "peak_fp32_gflops", "fp16": "peak_fp16_gflops", "int8": "peak_int8_gops"}


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A device on paper; nothing here is measured.

    Attributes:
        peaks: 10⁹ operations per second by data type, dense; one MAC is two operations.
        bandwidth_gbs: 10⁹ bytes per second between the chip and its memory.
        launch_us: what starting one kernel costs, microseconds.
        power_w: power under load, where the sheet says it.
        lanes: channels that a vector or tile unit works on at once; 1 where not known.
    """

    peaks: Mapping[str, float]
    bandwidth_gbs: float
    launch_us: float = 0.0
    power_w: float | None = None
    lanes: int = 1
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wrong = [k for k, v in {**self.peaks, "bandwidth": self.bandwidth_gbs}.items() if not v > 0]
        if wrong or not self.peaks or self.launch_us < 0 or self.lanes < 1:
            raise PredictorError(
                "A description of a device needs positive rates; "
                f"wrong: {', '.join(wrong) or 'none'}, launch {self.launch_us} µs, "
                f"{self.lanes} lanes, peaks for {list(self.peaks)}."
            )

    def peak(self, dtype: str) -> float:
        """Peak rate. PredictorError where the device has no rate for this type."""
        if dtype not in get_args(Dtype):
            known = ", ".join(get_args(Dtype))
            raise PredictorError(f"No data type {dtype!r:.40}. Known: {known}.")
        if dtype not in self.peaks:
            known = ", ".join(self.peaks)
            raise PredictorError(
                f"The device's description has no peak for {dtype}. It has: {known}."
            )
        return self.peaks[dtype]

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal one back."""
        return {**asdict(self), "peaks": dict(self.peaks), "facts": dict(self.facts)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """From `to_json`, or from a row with the columns of a device list.

        Columns: `peak_fp32_gflops`, `peak_fp16_gflops`, `peak_int8_gops`, `mem_bw_gbs`, and where
        there are any `power_w`, `launch_us`, `lanes`. Empty cells are unknown; bf16 counts as
        fast as fp16 where only that is stated.

        Raises:
            PredictorError: a rate is missing or no number.
        """
        try:
            if "peaks" in data:
                return cls(**{**data, "peaks": {k: float(v) for k, v in data["peaks"].items()}})
            peaks = {key: number for key, name in _PEAKS.items() if (number := _number(data, name))}
            bandwidth = _number(data, "mem_bw_gbs")
            launch, lanes = _number(data, "launch_us"), _number(data, "lanes")
        except (TypeError, ValueError, AttributeError) as error:
            raise PredictorError(f"No description of a device: {error}.") from error
        if not peaks or not bandwidth:
            raise PredictorError(
                "A description of a device needs `mem_bw_gbs` and at least one of "
                f"{', '.join(_PEAKS.values())}."
            )
        if "fp16" in peaks:
            peaks["bf16"] = peaks["fp16"]
        return cls(peaks, bandwidth, launch or 0.0, _number(data, "power_w"), int(lanes or 1))


def _number(row: Mapping[str, Any], name: str) -> float | None:
    value = row.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return float(value)
