"""What a runtime offers: how it runs networks, with which types, where, and what it fuses."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Protocol

from pydantic import Field

from hardware_profiles.running import Prepared as Prepared
from hardware_profiles.running import Runner
from search_engine.config import Config
from search_engine.costs.units import RuntimeRules
from search_engine.network import NetworkSpec

Precision = Literal["fp32", "bf16", "fp16", "int8"]
Accelerator = Literal["cpu", "cuda"]
CONV_KINDS = ("conv", "pointwise", "depthwise", "grouped")
"""Kernel families of convolutions; see `search_engine.costs.units.kind_of`."""


class RuntimeConfig(Config):
    """What every runtime needs to know."""

    threads: int = Field(1, ge=1, le=256, description="Threads one inference may use.")
    batch_size: int = Field(1, ge=1, le=1024, description="Samples per inference.")
    precision: Precision = Field("fp32", description="Type of the numbers it computes with.")
    accelerator: Accelerator = Field("cpu", description="What computes.")


class Runtime(Runner[NetworkSpec], Protocol):
    """Executes networks on this host. Made as `Class(config)`.

    Weights are random; latency does not depend on their values. Asking a class for its facts
    loads no library that executes networks.

    Attributes:
        config_class: the schema of its settings, a `RuntimeConfig`.
        precisions, accelerators: types it computes with, and where.
        rules: which layers it never runs and which run as one.
        precision_rules: the same for types for which it is different.
    """

    config_class: ClassVar[type[RuntimeConfig]]
    precisions: ClassVar[tuple[Precision, ...]]
    accelerators: ClassVar[tuple[Accelerator, ...]]
    rules: ClassVar[RuntimeRules]
    precision_rules: ClassVar[Mapping[Precision, RuntimeRules]]

    @classmethod
    def available(cls, accelerator: Accelerator = "cpu") -> str:
        """Why it cannot run on this host, in a sentence that says what to do, or nothing."""
