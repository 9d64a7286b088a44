"""`transfer`: a new device from 10 to 50 measurements and what is known of other devices."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar, Self, get_args

import numpy as np
from pydantic import Field

from search_engine.config import Config
from search_engine.costs.predictors.features import UnitCounts, count_units, family, unit_features
from search_engine.costs.predictors.protocol import Evidence, Floats
from search_engine.costs.predictors.ridge import checked_values
from search_engine.costs.units import Liveness, RuntimeRules
from search_engine.errors import PredictorError
from search_engine.network import NetworkSpec
from search_engine.types import Origin

Source = Callable[[Sequence[NetworkSpec]], Floats]
FEWEST = 4
_INTERCEPT = 3.0  # prior deviation of the mean, in deviations of the samples
_FEW = 20  # below, leave-one-out errors are too uncertain to choose more than the noise by them
_SHARES, _NOISES, _FOCUS = (0.1, 0.03, 0.3), (0.1, 0.03, 0.3), (2.0, 0.0)  # the first = usual


class TransferConfig(Config):
    """Settings of `transfer`."""

    pool: int = Field(
        256, ge=16, le=5000, description="Networks of the space on which sources are compared."
    )


@dataclass(frozen=True)
class Known:
    """What is known of networks before the new device measured them.

    Attributes:
        logs: `n x sources` logarithms of their values; NaN where a source does not know one.
        features: `n x p` sums over units, each way to treat dead layers beside the others.
    """

    logs: Floats
    features: Floats

    def take(self, rows: Any) -> "Known":
        """Some of the networks."""
        return Known(self.logs[rows], self.features[rows])


@dataclass(frozen=True)
class _Scale:
    """Means and deviations over the pool."""

    log_mean: Floats
    log_spread: Floats
    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, pool: Known) -> "_Scale":
        if np.isnan(pool.logs).all(axis=0).any():
            raise PredictorError("A source knows none of the networks; leave it out.")
        centre = np.nanmean(pool.logs, axis=0), np.nanstd(pool.logs, axis=0)
        return cls(*centre, pool.features.mean(axis=0), pool.features.std(axis=0))

    def basis(self, known: Known) -> tuple[Floats, Floats]:
        """Sources and features with mean 0 and, summed over columns, variance 1 on the pool.

        A source that does not know a network is taken to say what the others say of it.
        """
        logs = (known.logs - self.log_mean) / np.where(self.log_spread > 0, self.log_spread, 1)
        missing = np.isnan(logs)
        told = np.where(missing, 0, logs).sum(axis=1) / np.maximum((~missing).sum(axis=1), 1)
        logs = np.where(missing, told[:, None], logs)
        varies = self.spread > 1e-9 * (np.abs(self.mean) + 1e-9)
        features = (known.features - self.mean) * varies / np.where(varies, self.spread, 1)
        return logs / np.sqrt(logs.shape[1]), features / np.sqrt(max(1, int(varies.sum())))


class Transfer:
    """Bayesian ridge regression in logarithms on sources and counts of execution units.

    The prior says that a new device is a mixture of the sources, plus some deviation that is
    linear in counts of units. Sources that agree with the samples count more. How noisy the
    measurements are is chosen by leave-one-out error; from 20 samples also the size of the
    deviation, and whether agreement matters. Sources are brought to one scale on a pool of
    networks that need no measurement on the new device.

    What it predicts needs the values of the sources: `bind` hands them in, as functions of
    networks (predictors, tables). The state keeps their names only.

    Source: the setting of Lee et al., HELP, NeurIPS 2021, arXiv 2106.08630; the regression is
    Williams and Rasmussen, Gaussian Processes for Machine Learning, 2006, section 2.1.
    """

    config_class: ClassVar[type[Config]] = TransferConfig
    origin: ClassVar[Origin] = "predicted"

    def __init__(self, config: TransferConfig | None = None) -> None:
        self.config = config or TransferConfig.parse({})
        self.out_of_fold: Floats | None = None
        self._sources: dict[str, Source] = {}
        self._names: tuple[str, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._scale: _Scale | None = None
        self._weights: Floats = np.zeros(0)
        self._limits = (0.0, 0.0)

    @classmethod
    def applicable(cls, evidence: Evidence) -> str:
        """Empty if it can be fitted on this, else the reason."""
        if not evidence.sources:
            return "needs values of the same networks on other devices"
        if len(evidence.values) < FEWEST:
            return f"needs {FEWEST} measured networks, there are {len(evidence.values)}"
        return ""

    def bind(self, sources: Mapping[str, Source]) -> Self:
        """Hand in the sources: name -> function of networks, positive values or NaN."""
        self._sources = dict(sources)
        return self

    def fit(self, evidence: Evidence) -> Self:
        """Learn. PredictorError: no sources, too few networks, values that are not positive."""
        if reason := self.applicable(evidence):
            raise PredictorError(f"Transfer {reason}.")
        self._names = tuple(sorted(evidence.sources))
        counts = _counted(evidence.networks)
        self._columns = _column_names(counts)
        values = np.stack([evidence.sources[name] for name in self._names], axis=1)
        known = Known(_logs(values), _features(counts, self._columns))
        pool = self._pool(evidence)
        return self.learn(self._known(pool) if pool else known, known, evidence.values)

    def learn(self, pool: Known, known: Known, values: Floats) -> Self:
        """Fit on what is known of the measured networks and of a pool.

        Attributes set:
            out_of_fold: `n` predictions for the fitting networks, each made without its own value.
        """
        logs = np.log(checked_values(values, FEWEST))
        self._scale = _Scale.of(pool)
        sources, features = self._scale.basis(known)
        middle, spread = float(logs.mean()), float(logs.std()) or 1.0
        target = (logs - middle) / spread
        few = 1 if len(target) < _FEW else None
        best: tuple[float, Floats, Floats] | None = None
        for focus in _FOCUS[:few]:
            weight = _agreement(sources, target, focus)
            for share, noise in product(_SHARES[:few], _NOISES):
                scale = np.concatenate(
                    [weight, np.full(features.shape[1], np.sqrt(share)), [_INTERCEPT]]
                )
                rows = np.hstack([sources, features, np.ones((len(target), 1))]) * scale
                weights, left_out, error = _regression(rows, target, noise)
                if best is None or error < best[0]:
                    best = error, weights * scale, left_out
        assert best is not None
        self._weights = best[1] * spread
        self._weights[-1] += middle
        self.out_of_fold = np.exp(best[2] * spread + middle)
        self._limits = (float(logs.min()) - 2, float(logs.max()) + 2)
        return self

    def predict(self, networks: Sequence[NetworkSpec]) -> Floats:
        """`n` values. PredictorError: not fitted, or a source was not handed in."""
        if self._scale is None:
            raise PredictorError("Transfer is not fitted; call fit first.")
        return self.answer(self._known(networks)) if len(networks) else np.zeros(0)

    def answer(self, known: Known) -> Floats:
        """`n` predictions from what is known of networks."""
        if self._scale is None:
            raise PredictorError("Transfer is not fitted; call fit first.")
        rows = np.hstack([*self._scale.basis(known), np.ones((len(known.logs), 1))])
        found: Floats = np.exp(np.clip(rows @ self._weights, *self._limits))
        return found

    def state_dict(self) -> dict[str, Any]:
        """JSON-able; holds the names of the sources, not their values."""
        if self._scale is None:
            raise PredictorError("Transfer is not fitted; call fit first.")
        scale = {name: getattr(self._scale, name).tolist() for name in _Scale.__annotations__}
        return {
            "sources": list(self._names),
            "columns": list(self._columns),
            "scale": scale,
            "weights": self._weights.tolist(),
            "limits": list(self._limits),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Become what was saved; `bind` follows. PredictorError if it is no state of this."""
        try:
            self._names = tuple(map(str, state["sources"]))
            self._columns = tuple(map(str, state["columns"]))
            self._weights = np.asarray(state["weights"], float)
            arrays = {k: np.asarray(state["scale"][k], float) for k in _Scale.__annotations__}
            self._scale = _Scale(**arrays)
            low, high = map(float, state["limits"])
        except (KeyError, TypeError, ValueError) as error:
            raise PredictorError(f"No state of a transfer predictor: {error!r}.") from error
        self._limits = (low, high)
        return self

    def _pool(self, evidence: Evidence) -> list[NetworkSpec]:
        """Networks drawn from the space, where sources can be asked for them."""
        if evidence.space is None or not self._sources:
            return []
        rng = np.random.default_rng(0)
        genes = evidence.space.sample_many(rng, self.config.pool).tolist()
        return [evidence.space.decode(tuple(row)) for row in genes]

    def _known(self, networks: Sequence[NetworkSpec]) -> Known:
        if missing := [name for name in self._names if name not in self._sources]:
            raise PredictorError(
                f"Transfer needs the source {missing[0]!r}; hand in {', '.join(self._names)} "
                f"with bind. Handed in: {', '.join(self._sources) or 'none'}."
            )
        values = [np.asarray(self._sources[name](networks), float) for name in self._names]
        logs = _logs(np.stack(values, axis=1))
        return Known(logs, _features(_counted(networks), self._columns))


def counted_features(counted: Sequence[UnitCounts]) -> Floats:
    """`n x p` features of networks counted by each rule of liveness."""
    return _features(counted, _column_names(counted))


def _regression(rows: Floats, target: Floats, noise: float) -> tuple[Floats, Floats, float]:
    """Posterior weights, leave-one-out predictions, and their error that ranks settings."""
    inverse = np.linalg.inv(rows @ rows.T + noise * np.eye(len(target)))
    pull = inverse @ target
    wrong = pull / np.diag(inverse)
    return rows.T @ pull, target - wrong, float((wrong**2).mean())


def _agreement(sources: Floats, target: Floats, focus: float) -> Floats:
    """Weight of each source: equal, or by its correlation with the samples."""
    if focus == 0:
        return np.ones(sources.shape[1])
    spread = sources.std(axis=0) * target.std()
    product_ = ((sources - sources.mean(axis=0)) * target[:, None]).mean(axis=0)
    close = np.clip(product_ / np.where(spread > 0, spread, np.inf), 0.05, 1) ** focus
    weight: Floats = close / np.sqrt((close**2).mean())
    return weight


def _counted(networks: Sequence[NetworkSpec]) -> list[UnitCounts]:
    kinds: tuple[Liveness, ...] = get_args(Liveness)
    return [count_units(networks, RuntimeRules(kind)) for kind in kinds]


def _column_names(counted: Sequence[UnitCounts]) -> tuple[str, ...]:
    return tuple(sorted({family(unit) for counts in counted for unit in counts.units}))


def _features(counted: Sequence[UnitCounts], families: Sequence[str]) -> Floats:
    """Count and MACs per family, for each rule of liveness."""
    return np.hstack(
        [
            (counts.counts @ unit_features(counts.units, families)).reshape(
                len(counts.counts), -1, 4
            )[:, :, i]
            for counts in counted
            for i in (0, 1)
        ]
    )


def _logs(values: Floats) -> Floats:
    usable = np.isfinite(values) & (values > 0)
    return np.log(np.where(usable, values, np.nan))
