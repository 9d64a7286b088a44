"""What a fitted cost model offers: many networks per call, and sums over execution units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from search_engine.config import Config
from search_engine.costs.units import RuntimeRules, Unit
from search_engine.network import NetworkSpec
from search_engine.protocols import SearchSpace
from search_engine.types import Origin

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class KernelSample:
    """Measured time of one execution unit in a chain of its own kind, ms per unit."""

    unit: Unit
    value_ms: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a predictor is fitted on.

    Attributes:
        networks: whole networks, measured.
        values: `n` positive numbers, in the unit of the metric, same order.
        rules: how the runtime executes networks.
        kernels: timed execution units, if there are any.
        space: where the networks come from, for predictors that read genes; their `genes` are
            canonical in it.
        facts: device facts a model may need: descriptor, precision, batch size, threads.
        sources: for transfer: values of the same networks on other devices, by device.
    """

    networks: Sequence[NetworkSpec]
    values: Floats
    rules: RuntimeRules = field(default_factory=RuntimeRules)
    kernels: Sequence[KernelSample] = ()
    space: SearchSpace | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, Floats] = field(default_factory=dict)


class Predictor(Protocol):
    """Predicts one metric of one device. Made as `Class(config)`, then fitted.

    Attributes:
        config_class: schema of its settings.
        origin: `predicted`, `looked_up` or `analytic`: what its numbers are called.
    """

    config_class: ClassVar[type[Config]]
    origin: ClassVar[Origin]

    @classmethod
    def applicable(cls, evidence: Evidence) -> str:
        """Empty if it can be fitted on this, else the reason."""

    def fit(self, evidence: Evidence) -> Self:
        """Learn; same evidence and config, same predictor. PredictorError if it cannot."""

    def predict(self, networks: Sequence[NetworkSpec]) -> Floats:
        """`n` values in the unit of the evidence, finite and not negative.

        Raises:
            PredictorError: not fitted, or a network holds what it knows nothing of.
        """

    def state_dict(self) -> dict[str, Any]:
        """JSON-able; everything `load_state_dict` needs to predict the same."""

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Become what was saved. PredictorError if it is no state of this predictor."""


@runtime_checkable
class Summed(Protocol):
    """A predictor that is a function of sums over execution units.

    What it predicts for a network is `from_sums` of the sum of its units' rows. Search spaces
    compile such sums into tables, which answer for millions of gene tuples per minute.
    """

    @property
    def rules(self) -> RuntimeRules:
        """How the runtime it was fitted for executes networks."""

    def unit_rows(self, units: Sequence[Unit]) -> Floats:
        """`m x k`: what each unit contributes."""

    def from_sums(self, sums: Floats) -> Floats:
        """`n x k` sums over the units of each network to `n` predictions."""
