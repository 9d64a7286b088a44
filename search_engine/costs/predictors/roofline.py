"""Roofline: a unit takes as long as its arithmetic or its traffic, whichever is longer."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from search_engine.config import Config
from search_engine.costs.descriptor import BYTES, Descriptor
from search_engine.costs.predictors.protocol import Evidence, Floats
from search_engine.costs.predictors.roofline_fit import Efficiencies, Loads, calibrate
from search_engine.costs.predictors.summed import (
    SummedPredictor,
    checked_values,
    reading_state,
    rules_from_json,
    rules_to_json,
)
from search_engine.costs.units import RuntimeRules, Unit, units_of
from search_engine.errors import PredictorError
from search_engine.types import Origin

FEWEST = 5
STATE_VERSION = 1
TYPICAL = Efficiencies(
    {"depthwise": 0.1, "grouped": 0.2, "pointwise": 0.5, "conv": 0.6, "*": 0.3},
    {"*": 0.7},
    launch=1.0,
    base=0.0,
)
"""Efficiencies to start from where nothing was measured: middle of what is usually found."""

IDEAL = Efficiencies({"*": 1.0}, {"*": 1.0}, launch=1.0, base=0.0)


class RooflineConfig(Config):
    """Settings of the roofline."""

    dtype: Literal["auto", "fp32", "fp16", "bf16", "int8"] = Field(
        "auto", description="Data type of weights and maps; auto takes the device's precision."
    )
    batch_size: int = Field(0, ge=0, le=4096, description="Samples per run; 0 takes the device's.")
    smooth: float | None = Field(
        None, ge=1.0, le=64.0, description="p of (compute^p + memory^p)^(1/p); empty takes the max."
    )


class Roofline(SummedPredictor):
    """t = max(2·MAC / (η_c·peak), bytes / (η_b·bandwidth)) + launch, summed over units.

    Peaks, bandwidth, launch and the width of vectors (work is rounded up to whole vectors of
    output channels) come from the device's description, in `evidence.facts["descriptor"]`;
    efficiencies η in (0, 1] per kernel family, the launch time and a constant are calibrated on
    whole networks. `AnalyticRoofline` needs the description only.

    Source: Williams, Waterman, Patterson, Roofline, CACM 52(4), 2009.
    """

    config_class: ClassVar[type[Config]] = RooflineConfig
    config: RooflineConfig

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config)
        self._descriptor: Descriptor | None = None
        self._efficiencies = TYPICAL
        self._dtype, self._batch, self._smooth = "fp32", 1, self.config.smooth

    @classmethod
    def applicable(cls, evidence: Evidence) -> str:
        """Empty if it can be fitted on this, else the reason."""
        if not evidence.facts.get("descriptor"):
            return "A roofline needs a description of the device: peak rates and bandwidth."
        if len(evidence.networks) < FEWEST:
            return f"Calibrating a roofline takes at least {FEWEST} networks that were measured."
        return ""

    def fit(self, evidence: Evidence) -> Self:
        """Calibrate efficiencies. PredictorError if it cannot."""
        if reason := self.applicable(evidence):
            raise PredictorError(reason)
        measured = checked_values(evidence)
        self._set_up(Descriptor.from_json(evidence.facts["descriptor"]), evidence)
        groups = [units_of(network, evidence.rules) for network in evidence.networks]
        loads = [self.loads(group) for group in groups]
        self._efficiencies = calibrate(loads, measured, self._smooth, TYPICAL)
        self._rules = evidence.rules
        self._forget_rows()
        return self

    def _set_up(self, descriptor: Descriptor, evidence: Evidence) -> None:
        wanted = self.config.dtype
        precision = str(evidence.facts.get("precision", "fp32"))
        self._dtype = precision if wanted == "auto" else wanted
        self._batch = self.config.batch_size or int(evidence.facts.get("batch_size", 1))
        descriptor.peak(self._dtype)
        self._descriptor = descriptor

    @property
    def descriptor(self) -> Descriptor:
        """The device on paper. PredictorError before there is one."""
        if self._descriptor is None:
            raise PredictorError("This roofline has no device yet; fit it first.")
        return self._descriptor

    @property
    def efficiencies(self) -> Efficiencies:
        """What is reached of the peaks."""
        return self._efficiencies

    def loads(self, units: Sequence[Unit]) -> Loads:
        """Times of arithmetic, traffic and launch at full efficiency, ms."""
        device, width = self.descriptor, BYTES[self._dtype]
        rate, bandwidth = device.peak(self._dtype) * 1e6, device.bandwidth_gbs * 1e6  # per ms
        work = np.array([unit.macs * waste(unit, device.lanes) for unit in units]) * self._batch
        moved = np.array([u.params + u.values_moved * self._batch for u in units]) * width
        launch = np.full(len(units), device.launch_us / 1e3)
        return Loads([u.kind for u in units], 2.0 * work / rate, moved / bandwidth, launch)

    def _rows(self, units: Sequence[Unit]) -> Floats:
        times = self._efficiencies.times(self.loads(units), self._smooth)
        return times[:, None]

    def from_sums(self, sums: Floats) -> Floats:
        """The sums, plus what every network takes."""
        return np.asarray(sums[:, 0] + self._efficiencies.base, dtype=np.float64)

    def state_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "version": STATE_VERSION,
            "rules": rules_to_json(self.rules),
            "descriptor": self.descriptor.to_json(),
            "efficiencies": self._efficiencies.to_json(),
            "dtype": self._dtype,
            "batch_size": self._batch,
            "smooth": self._smooth,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Become what was saved. PredictorError if it is no state of this predictor."""
        with reading_state(self, state, STATE_VERSION):
            self._rules = rules_from_json(state["rules"])
            self._descriptor = Descriptor.from_json(state["descriptor"])
            self._efficiencies = Efficiencies.from_json(state["efficiencies"])
            self._dtype, self._batch = str(state["dtype"]), int(state["batch_size"])
            self._smooth = None if state.get("smooth") is None else float(state["smooth"])
            self._descriptor.peak(self._dtype)
            self._forget_rows()
        return self


class AnalyticRoofline(Roofline):
    """The roofline of a device that nobody measured: from its description alone.

    Args:
        efficiencies: what is reached of the peaks; typical ones, or `IDEAL` for the lower bound.
    """

    origin: ClassVar[Origin] = "analytic"

    @classmethod
    def of(
        cls,
        descriptor: Descriptor,
        rules: RuntimeRules | None = None,
        *,
        config: RooflineConfig | None = None,
        efficiencies: Efficiencies = TYPICAL,
    ) -> Self:
        """Ready to predict. PredictorError where the device has no peak for the data type."""
        made = cls(config)
        made._set_up(descriptor, Evidence((), np.zeros(0)))
        made._rules, made._efficiencies = rules or RuntimeRules(), efficiencies
        return made


def waste(unit: Unit, lanes: int) -> float:
    """Work done for work needed, where output channels come in whole vectors."""
    out = unit.attributes.get("out_channels") or unit.attributes.get("outputs")
    if not out or lanes == 1:
        return 1.0
    groups = 1 if unit.kind == "depthwise" else unit.attributes.get("groups", 1)
    own = out // groups
    return float(-(-own // lanes) * lanes / own)
