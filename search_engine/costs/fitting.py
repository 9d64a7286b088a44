"""Choose among cost models by cross-validation, and fit the best one to all that was measured."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from search_engine.costs.accuracy import ErrorReport, error_report
from search_engine.costs.predictors import PREDICTORS
from search_engine.costs.predictors.protocol import Evidence, Floats, Predictor
from search_engine.errors import PredictorError

FEWEST = 6
"""Networks below which nothing is fitted: two folds of three."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The predictor that was chosen, and how all of them did.

    Attributes:
        predictor: fitted on all networks of the evidence.
        cross_validated: by key, errors of predictions for networks left out of the fit; or the
            sentence that says why a predictor took no part.
        seconds: by key, what cross-validation took.
    """

    predictor: Predictor
    key: str
    cross_validated: Mapping[str, ErrorReport | str]
    seconds: Mapping[str, float]

    def candidates(self) -> dict[str, Any]:
        """All figures as plain data: errors, or a `reason`."""
        return {
            key: {"reason": found} if isinstance(found, str) else found.to_json()
            for key, found in self.cross_validated.items()
        }


def fit_best(
    evidence: Evidence,
    keys: Sequence[str] | None = None,
    *,
    folds: int = 5,
    rng: Generator,
    time_limit: float = 60.0,
    clock: Callable[[], float] = time.monotonic,
) -> Fitted:
    """Cross-validate the applicable predictors, take the best, fit it on everything.

    The best has the most predictions within 10 %; among equals, the smallest mean error. All see
    the same folds. A predictor is left out when its first fold says that the others would not
    fit into what is left of the time; those that stand first in `keys` come first.

    Args:
        evidence: at least 6 networks. Networks kept apart for a final test are no part of it.
        keys: of the registry; all if None.
        folds: into how many parts the networks are cut, at most as many as there are networks.
        time_limit: seconds for all together. The first applicable predictor is always tried.

    Raises:
        PredictorError: too few networks, or no predictor could be fitted; says why for each.
        UnknownKeyError: a key the registry does not have.
    """
    count = len(evidence.networks)
    if count < FEWEST:
        raise PredictorError(f"Fitting needs at least {FEWEST} measured networks, got {count}.")
    parts = np.array_split(rng.permutation(count), min(folds, count))
    deadline = clock() + time_limit
    found: dict[str, ErrorReport | str] = {}
    seconds: dict[str, float] = {}
    for key in PREDICTORS.keys() if keys is None else keys:
        tried = any(isinstance(report, ErrorReport) for report in found.values())
        began = clock()
        found[key] = _cross_validated(key, evidence, parts, deadline if tried else None, clock)
        seconds[key] = clock() - began
    return _refit(evidence, found, seconds)


def fit(key: str, evidence: Evidence) -> Predictor:
    """A predictor with default settings, fitted. PredictorError, UnknownKeyError."""
    return _made(key).fit(evidence)


def restored(key: str, state: Mapping[str, Any]) -> Predictor:
    """A predictor as it was saved. PredictorError, UnknownKeyError."""
    return _made(key).load_state_dict(state)


def subset(evidence: Evidence, chosen: NDArray[np.int64]) -> Evidence:
    """The evidence with some of its networks; timed units stay all."""
    return replace(
        evidence,
        networks=[evidence.networks[index] for index in chosen],
        values=np.asarray(evidence.values, dtype=np.float64)[chosen],
        sources={name: values[chosen] for name, values in evidence.sources.items()},
    )


def _made(key: str) -> Predictor:
    cls: Any = PREDICTORS.resolve(key)
    predictor: Predictor = cls(PREDICTORS.parse_config(key, {}))
    return predictor


def _cross_validated(
    key: str,
    evidence: Evidence,
    parts: Sequence[NDArray[np.int64]],
    deadline: float | None,
    clock: Callable[[], float],
) -> ErrorReport | str:
    if deadline is not None and clock() >= deadline:
        return "The time for fitting was used up by others."
    if reason := PREDICTORS.resolve(key).applicable(evidence):
        return reason
    guesses = np.full(len(evidence.networks), np.nan)
    for number, held_out in enumerate(parts):
        began = clock()
        try:
            guesses[held_out] = _left_out(key, evidence, parts, number)
        except PredictorError as error:
            return str(error)
        needed = (clock() - began) * (len(parts) - number)  # the others, and the final fit
        if deadline is not None and clock() + needed > deadline:
            return f"Fitting would have taken another {needed:.0f} s, longer than is left."
    if not np.isfinite(guesses).all():
        return "It predicted values that are no numbers."
    return error_report(evidence.values, guesses)


def _left_out(
    key: str, evidence: Evidence, parts: Sequence[NDArray[np.int64]], number: int
) -> Floats:
    """Predictions for one part by a predictor fitted on the others."""
    others = np.concatenate([part for i, part in enumerate(parts) if i != number])
    predictor = fit(key, subset(evidence, np.sort(others)))
    return predictor.predict([evidence.networks[index] for index in parts[number]])


def _refit(
    evidence: Evidence, found: dict[str, ErrorReport | str], seconds: dict[str, float]
) -> Fitted:
    reports = {key: entry for key, entry in found.items() if isinstance(entry, ErrorReport)}
    for key in sorted(reports, key=lambda key: _rank(reports[key])):
        try:
            return Fitted(fit(key, evidence), key, found, seconds)
        except PredictorError as error:
            found[key] = f"Left-out networks went well, all of them did not: {error}"
    reasons = " ".join(f"{key}: {entry}" for key, entry in found.items())
    raise PredictorError(f"No cost model could be fitted. {reasons}")


def _rank(report: ErrorReport) -> tuple[float, float]:
    return -report.within_10pct, report.mape
