"""Energy of one inference from tables of energy per operation and per byte; nothing is measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from search_engine.config import Config
from search_engine.costs.descriptor import BYTES
from search_engine.costs.predictors.protocol import Evidence, Floats
from search_engine.costs.predictors.summed import (
    SummedPredictor,
    reading_state,
    rules_from_json,
    rules_to_json,
)
from search_engine.costs.units import RuntimeRules, Unit
from search_engine.errors import PredictorError
from search_engine.types import Origin

PJ_TO_MJ = 1e-9
STATE_VERSION = 1


@dataclass(frozen=True, slots=True)
class Operation:
    """pJ of one addition and one multiplication."""

    add: float
    multiply: float

    @property
    def mac(self) -> float:
        """pJ of a multiply-accumulate."""
        return self.add + self.multiply


OPERATIONS: Mapping[str, Operation] = {
    "int8": Operation(0.03, 0.2),
    "int32": Operation(0.1, 3.1),
    "fp16": Operation(0.4, 1.1),
    "fp32": Operation(0.9, 3.7),
}
"""pJ in 45 nm at 0.9 V: Horowitz, ISSCC 2014, figure 1.1.9."""

MAC_PJ: Mapping[str, float] = {
    "fp32": OPERATIONS["fp32"].mac,
    "fp16": OPERATIONS["fp16"].mac,
    "bf16": OPERATIONS["fp16"].mac,
    "int8": OPERATIONS["int8"].multiply + OPERATIONS["int32"].add,  # sums are kept in 32 bits
}
DRAM_PJ_PER_BYTE = 640 / 4
SRAM_PJ_PER_BYTE: Mapping[int, float] = {8: 10 / 8, 32: 20 / 8, 1024: 100 / 8}
"""By KiB of the memory that is read, 64 bits at a time."""


def sram_pj_per_byte(kib: float) -> float:
    """pJ per byte of an on-chip memory, between the sizes of the table by powers of its size."""
    sizes = np.log(list(SRAM_PJ_PER_BYTE))
    return float(np.exp(np.interp(np.log(kib), sizes, np.log(list(SRAM_PJ_PER_BYTE.values())))))


def l_mul_saving() -> dict[str, float]:
    """Share of arithmetic energy saved where fp32 products become additions of bit patterns.

    Luo and Sun, "Addition is all you need", arXiv 2410.00907: a product is one 32-bit integer
    addition. Arithmetic only: traffic and control stay, and they are most of many layers.
    """
    product, plus = OPERATIONS["fp32"], OPERATIONS["int32"].add
    return {
        "elementwise": 1 - plus / product.multiply,
        "dot_product": 1 - (plus + product.add) / product.mac,
    }


class EnergyConfig(Config):
    """Assumptions behind the numbers."""

    dtype: Literal["fp32", "fp16", "bf16", "int8"] = Field(
        "fp32", description="Data type of weights and maps."
    )
    batch_size: int = Field(1, ge=1, le=4096, description="Samples per run; energy is per run.")
    onchip_kib: float = Field(
        0.0,
        ge=0,
        description="Memory on the chip: maps of a layer stay there if all of them fit together; "
        "0 moves everything to and from DRAM.",
    )
    process_scale: float = Field(
        1.0, gt=0, le=2, description="Factor on arithmetic and on-chip memory against 45 nm."
    )


class AnalyticEnergy(SummedPredictor):
    """E = MAC · e_mac + bytes on chip · e_sram + bytes to DRAM · e_dram, in mJ.

    Weights are read from DRAM once per run. Origin is always `analytic`: good for comparing data
    types and networks, no statement about a machine.
    """

    config_class: ClassVar[type[Config]] = EnergyConfig
    origin: ClassVar[Origin] = "analytic"
    config: EnergyConfig

    @classmethod
    def of(cls, config: EnergyConfig | None = None, rules: RuntimeRules | None = None) -> Self:
        """Ready to predict."""
        made = cls(config)
        made._rules, made.grid = rules or RuntimeRules(), 2.0**-44
        return made

    def fit(self, evidence: Evidence) -> Self:
        """Take the rules of the runtime; there is nothing to learn."""
        self._rules, self.grid = evidence.rules, 2.0**-44
        self._forget_rows()
        return self

    def parts(self, unit: Unit) -> dict[str, float]:
        """mJ of arithmetic, on-chip and off-chip traffic of one unit."""
        setting, width = self.config, BYTES[self.config.dtype]
        maps = unit.values_moved * setting.batch_size * width
        weights = unit.params * width
        stays = maps <= setting.onchip_kib * 1024
        onchip = maps * sram_pj_per_byte(setting.onchip_kib) if stays else 0.0
        arithmetic = unit.macs * setting.batch_size * MAC_PJ[setting.dtype]
        return {
            "arithmetic": arithmetic * setting.process_scale * PJ_TO_MJ,
            "onchip": onchip * setting.process_scale * PJ_TO_MJ,
            "dram": (weights + (0 if stays else maps)) * DRAM_PJ_PER_BYTE * PJ_TO_MJ,
        }

    def _rows(self, units: Sequence[Unit]) -> Floats:
        return np.array([[sum(self.parts(unit).values())] for unit in units])

    def from_sums(self, sums: Floats) -> Floats:
        """The sums."""
        return np.array(sums[:, 0])

    def state_dict(self) -> dict[str, Any]:
        """Plain data."""
        rules, config = rules_to_json(self.rules), self.config.model_dump()
        return {"version": STATE_VERSION, "rules": rules, "config": config}

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Become what was saved. PredictorError if it is no state of this predictor."""
        with reading_state(self, state, STATE_VERSION):
            self.config = EnergyConfig.model_validate(state["config"])
            self._rules, self.grid = rules_from_json(state["rules"]), 2.0**-44
            self._forget_rows()
        return self


def mean_power(energy_mj: float, latency_ms: float) -> float:
    """W. PredictorError where the time is not positive."""
    if not latency_ms > 0:
        raise PredictorError(f"A latency is a positive number of ms, got {latency_ms}.")
    return energy_mj / latency_ms
