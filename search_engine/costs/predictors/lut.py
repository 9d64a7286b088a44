"""Look-up table of execution units, measured in chains or recovered from whole networks."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from search_engine.config import Config
from search_engine.costs.predictors.lut_calibration import affine, classes
from search_engine.costs.predictors.lut_deviations import Deviations, Shares, learn
from search_engine.costs.predictors.lut_prior import (
    EVERY,
    ShapePrior,
    prior_from_networks,
    prior_from_units,
)
from search_engine.costs.predictors.protocol import Evidence, Floats
from search_engine.costs.predictors.summed import (
    SummedPredictor,
    checked_values,
    fine_grid,
    reading_state,
    rules_from_json,
    rules_to_json,
)
from search_engine.costs.units import Unit, units_of
from search_engine.errors import PredictorError

FEWEST = 5
FEWEST_FOR_DEVIATIONS = 12
LEAST = 0.02
STATE_VERSION = 1
Source = Literal["measured", "recovered", "estimated"]


class LutConfig(Config):
    """Settings of the look-up table."""

    missing: Literal["estimate", "error"] = Field(
        "estimate",
        description="Units in no table entry: estimate them from their shape, or refuse.",
    )
    calibration: Literal["auto", "affine"] = Field(
        "auto",
        description="affine: two numbers bring timed units to whole networks. auto: also one "
        "factor per kernel family and corrections per entry, where networks allow it.",
    )


class Lut(SummedPredictor):
    """A sum of table entries, one per execution unit, plus what every network takes.

    With timed kernels an entry is the kernel's time in a chain of its own kind, calibrated on
    whole networks: affine, then per kernel family where there are three networks per family.
    Without, entries are recovered from whole networks: first a prior, linear in work and traffic
    per kernel family (not negative); then relative corrections for groups of units (family,
    kernel, channels, side, the very entry) by ridge regression, with spreads chosen by left-out
    error. A single entry of a recovered table is not a layer's time: only sums are identified.

    Sources: entries in context Cai et al., ProxylessNAS, ICLR 2019, section 3.2; Wu et al.,
    FBNet, CVPR 2019, section 3.3.

    Attributes:
        flagged: keys of kernels whose time was no positive number; never used.
        covered: keys of entries that were timed or are part of a fitted network.
    """

    config_class: ClassVar[type[Config]] = LutConfig
    config: LutConfig

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config)
        self.flagged: tuple[str, ...] = ()
        self.covered: dict[str, Source] = {}
        self._timed: dict[str, float] = {}
        self._prior = ShapePrior({EVERY: (0.0,) * 4})
        self._scale: dict[str, float] = {}
        self._deviations = Deviations((), 0.0, 0.0)
        self._floor = 0.0

    @classmethod
    def applicable(cls, evidence: Evidence) -> str:
        """Empty if it can be fitted on this, else the reason."""
        if len(evidence.networks) < FEWEST:
            return f"A look-up table needs at least {FEWEST} networks that were measured."
        return ""

    def fit(self, evidence: Evidence) -> Self:
        """Recover or calibrate the entries. PredictorError if it cannot."""
        if reason := self.applicable(evidence):
            raise PredictorError(reason)
        measured = checked_values(evidence)
        groups = [units_of(network, evidence.rules) for network in evidence.networks]
        self._timed, self.flagged = _trusted(evidence)
        if self._timed:
            self._from_kernels(evidence, groups, measured)
        else:
            self._prior = prior_from_networks(groups, measured)
            self._scale = {EVERY: 1.0}
            self._deviations = Deviations((), self._prior.base, 0.0)
        seen: dict[str, Source] = {unit.key: "recovered" for group in groups for unit in group}
        self.covered = {**seen, **dict.fromkeys(self._timed, "measured")}
        if self.config.calibration == "auto" and len(measured) >= FEWEST_FOR_DEVIATIONS:
            priors = [self._shares(group) for group in groups]
            self._deviations = learn(priors, self._deviations.base, measured)
        self._floor = LEAST * float(measured.min())
        self._ready(evidence, groups)
        return self

    def _from_kernels(
        self, evidence: Evidence, groups: Sequence[Sequence[Unit]], measured: Floats
    ) -> None:
        """Estimates of units that were not timed, and the scale from chains to networks."""
        trusted = {sample.unit.key: sample.unit for sample in evidence.kernels}
        units = [trusted[key] for key in self._timed]
        self._prior = prior_from_units(units, np.array(list(self._timed.values())))
        kinds = sorted({unit.kind for group in groups for unit in group})
        sums = np.zeros((len(groups), len(kinds)))
        for row, group in enumerate(groups):
            for unit in group:
                sums[row, kinds.index(unit.kind)] += self._chain_time(unit)
        base, slope = affine(sums.sum(axis=1), measured)
        self._scale = {EVERY: slope}
        if self.config.calibration == "auto" and len(measured) >= 3 * (len(kinds) + 1):
            found_base, *factors = classes(sums, measured).tolist()
            if min(factors) > 0:
                base = found_base
                self._scale.update(zip(kinds, factors, strict=True))
        self._deviations = Deviations((), base, 0.0)

    def _ready(self, evidence: Evidence, groups: Sequence[Sequence[Unit]]) -> None:
        """Fix the grid of rows, so that sums are exact."""
        units = {unit.key: unit for group in groups for unit in group}
        largest = max((self._entry(unit) for unit in units.values()), default=1.0)
        self.grid, self._rules = fine_grid(largest), evidence.rules
        self._forget_rows()

    def _chain_time(self, unit: Unit) -> float:
        known = self._timed.get(unit.key)
        return self._prior(unit) if known is None else known

    def _scaled(self, unit: Unit) -> float:
        factor = self._scale.get(unit.kind, self._scale[EVERY])
        return factor * self._chain_time(unit)

    def _shares(self, group: Iterable[Unit]) -> Shares:
        units = {unit.key: unit for unit in group}
        counts = Counter(unit.key for unit in group)
        return {key: (unit, counts[key] * self._scaled(unit)) for key, unit in units.items()}

    def _rows(self, units: Sequence[Unit]) -> Floats:
        if self.config.missing == "error":
            for unit in units:
                self._check_covered(unit)
        return np.array([[self._entry(unit)] for unit in units])

    def _entry(self, unit: Unit) -> float:
        scaled = self._scaled(unit)
        factor = self._deviations.factor(unit) if self._deviations.groups else 1.0
        return scaled * max(factor, LEAST)

    def _check_covered(self, unit: Unit) -> None:
        if unit.key not in self.covered:
            raise missing_entry(unit.key, self.covered)

    def from_sums(self, sums: Floats) -> Floats:
        """What all networks take, plus the sums."""
        return np.maximum(sums[:, 0] + self._deviations.base, self._floor)

    def source(self, unit: Unit) -> Source:
        """Where an entry comes from: timed itself, part of a fitted network, or its shape only."""
        return self.covered.get(unit.key, "estimated")

    def state_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "version": STATE_VERSION,
            "rules": rules_to_json(self.rules),
            "grid": self.grid,
            "floor": self._floor,
            "timed": self._timed,
            "flagged": list(self.flagged),
            "covered": self.covered,
            "prior": self._prior.to_json(),
            "scale": self._scale,
            "deviations": self._deviations.to_json(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Become what was saved. PredictorError if it is no state of this predictor."""
        with reading_state(self, state, STATE_VERSION):
            self._rules = rules_from_json(state["rules"])
            self.grid, self._floor = float(state["grid"]), float(state["floor"])
            self._timed = {str(key): float(value) for key, value in state["timed"].items()}
            self.flagged, self.covered = tuple(state["flagged"]), dict(state["covered"])
            self._prior = ShapePrior.from_json(state["prior"])
            self._scale = {str(key): float(value) for key, value in state["scale"].items()}
            self._deviations = Deviations.from_json(state["deviations"])
            self._forget_rows()
        return self


def missing_entry(key: str, known: Iterable[str]) -> PredictorError:
    """What to say about a unit that is in no table: its key and the three nearest."""
    near = get_close_matches(key, list(known), n=3, cutoff=0.0)
    nearest = "; ".join(near) or "none, the table is empty"
    return PredictorError(f"The table has no entry {key!r}. Nearest: {nearest}.")


def _trusted(evidence: Evidence) -> tuple[dict[str, float], tuple[str, ...]]:
    """Times of kernels by key (median of repeats), and keys with a time that is none."""
    times: dict[str, list[float]] = {}
    flagged = set[str]()
    for sample in evidence.kernels:
        if np.isfinite(sample.value_ms) and sample.value_ms > 0:
            times.setdefault(sample.unit.key, []).append(sample.value_ms)
        else:
            flagged.add(sample.unit.key)
    return {key: float(np.median(found)) for key, found in times.items()}, tuple(sorted(flagged))
