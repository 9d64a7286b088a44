"""How good predictions are: relative errors, ranks and kept limits, with their uncertainty."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import kendalltau, spearmanr

from search_engine.errors import PredictorError

Floats = NDArray[np.float64]
_RESAMPLES, _CHUNK = 1000, 100
_FEWEST_RANKED = 3


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """Error figures of predictions for networks that were not used for fitting.

    Attributes:
        n: networks compared.
        mape: mean absolute error relative to what was measured, percent; `mape_low` and
            `mape_high` bound it with 95 % confidence (bootstrap over networks).
        median_ape: its median, percent.
        within_5pct, within_10pct: share of networks predicted that closely, percent.
        nrmse: root mean square error over the mean, a fraction.
        bias: mean signed relative error, percent; positive = predicted too slow.
        r2: coefficient of determination; NaN if all measured values are equal.
        kendall_tau, spearman: rank correlation; NaN where ranks are not defined.
        kendall_top: Kendall tau among the fastest tenth, where a search ends; NaN below three.
    """

    n: int
    mape: float
    mape_low: float
    mape_high: float
    median_ape: float
    within_5pct: float
    within_10pct: float
    nrmse: float
    bias: float
    r2: float
    kendall_tau: float
    spearman: float
    kendall_top: float

    def to_json(self) -> dict[str, Any]:
        """Plain data; figures that are not defined are None."""
        return _plain(asdict(self))


@dataclass(frozen=True, slots=True)
class ConstraintReport:
    """What a limit on the predicted value does to a search.

    Attributes:
        n, limit: networks compared; the limit, in the unit of the values.
        accepted: networks predicted to keep it.
        precision: share of the accepted that really keep it, percent; NaN if none is accepted.
        recall: share of those that really keep it which are accepted, percent; NaN if none does.
        worst_excess: by how much the worst accepted network really exceeds it, percent of it.
    """

    n: int
    limit: float
    accepted: int
    precision: float
    recall: float
    worst_excess: float

    def to_json(self) -> dict[str, Any]:
        """Plain data; figures that are not defined are None."""
        return _plain(asdict(self))


def error_report(measured: ArrayLike, predicted: ArrayLike, *, seed: int = 0) -> ErrorReport:
    """Compare predictions with measurements of the same networks.

    Args:
        measured, predicted: `n` values each, same unit and order; measured ones are positive.
        seed: of the bootstrap.

    Raises:
        PredictorError: they differ in length, are empty, not finite, or a measured one is not
            positive.

    Source: the definitions used by nn-Meter (MobiSys 2021) and BRP-NAS (NeurIPS 2020).

    >>> error_report([1.0, 2.0, 4.0], [1.0, 2.1, 5.0]).within_10pct
    66.66666666666667
    """
    truth, guess = _pair(measured, predicted)
    signed = (guess - truth) / truth
    absolute = np.abs(signed)
    low, high = _mean_interval(absolute, np.random.default_rng(seed))
    spread = float(((truth - truth.mean()) ** 2).sum())
    return ErrorReport(
        n=len(truth),
        mape=100 * float(absolute.mean()),
        mape_low=100 * low,
        mape_high=100 * high,
        median_ape=100 * float(np.median(absolute)),
        within_5pct=within(truth, guess, 5),
        within_10pct=within(truth, guess, 10),
        nrmse=float(np.sqrt(((guess - truth) ** 2).mean()) / truth.mean()),
        bias=100 * float(signed.mean()),
        r2=1 - float(((guess - truth) ** 2).sum()) / spread if spread > 0 else math.nan,
        kendall_tau=kendall(truth, guess),
        spearman=spearman(truth, guess),
        kendall_top=_kendall_of_fastest(truth, guess),
    )


def constraint_report(measured: ArrayLike, predicted: ArrayLike, limit: float) -> ConstraintReport:
    """What is really true of the networks that are predicted to stay at or below a limit.

    Raises:
        PredictorError: as `error_report`, or the limit is not a positive number.
    """
    truth, guess = _pair(measured, predicted)
    if not (math.isfinite(limit) and limit > 0):
        raise PredictorError(f"The limit must be a positive number, got {limit}.")
    accepted, right = guess <= limit, truth <= limit
    both = int((accepted & right).sum())
    worst = float(truth[accepted].max() / limit - 1) if accepted.any() else 0.0
    return ConstraintReport(
        n=len(truth),
        limit=float(limit),
        accepted=int(accepted.sum()),
        precision=100 * both / int(accepted.sum()) if accepted.any() else math.nan,
        recall=100 * both / int(right.sum()) if right.any() else math.nan,
        worst_excess=100 * max(0.0, worst),
    )


def log_ratios(measured: ArrayLike, predicted: ArrayLike) -> Floats:
    """`log(predicted / measured)`. PredictorError as `error_report`, or a prediction is not > 0."""
    truth, guess = _pair(measured, predicted)
    if (guess <= 0).any():
        raise PredictorError(f"Logarithms need positive predictions, got {guess.min():g}.")
    ratio: Floats = np.log(guess / truth)
    return ratio


def within(measured: Floats, predicted: Floats, percent: float) -> float:
    """Share of predictions at most `percent` off the measured value, in percent."""
    slack = percent / 100 * measured * (1 + 1e-12)  # an error of exactly the limit counts
    return 100 * float((np.abs(predicted - measured) <= slack).mean())


def kendall(measured: Floats, predicted: Floats) -> float:
    """Kendall tau-b; NaN below three networks or where all values of a side are equal."""
    if not _rankable(measured, predicted):
        return math.nan
    return float(kendalltau(measured, predicted).statistic)


def spearman(measured: Floats, predicted: Floats) -> float:
    """Spearman correlation of ranks; NaN below three networks or where a side is constant."""
    if not _rankable(measured, predicted):
        return math.nan
    return float(spearmanr(measured, predicted).statistic)


def _rankable(measured: Floats, predicted: Floats) -> bool:
    return len(measured) >= _FEWEST_RANKED and bool(np.ptp(measured) > 0 < np.ptp(predicted))


def _kendall_of_fastest(truth: Floats, guess: Floats) -> float:
    fastest = np.argsort(truth, kind="stable")[: math.ceil(len(truth) / 10)]
    return kendall(truth[fastest], guess[fastest])


def _mean_interval(values: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """95 % percentile bootstrap of the mean."""
    means = [
        values[rng.integers(len(values), size=(_CHUNK, len(values)))].mean(axis=1)
        for _ in range(_RESAMPLES // _CHUNK)
    ]
    low, high = np.quantile(np.concatenate(means), (0.025, 0.975))
    return float(low), float(high)


def _pair(measured: ArrayLike, predicted: ArrayLike) -> tuple[Floats, Floats]:
    truth, guess = np.asarray(measured, float), np.asarray(predicted, float)
    if truth.ndim != 1 or truth.shape != guess.shape or not truth.size:
        raise PredictorError(
            "Errors need as many predictions as measurements, at least one: got shapes "
            f"{guess.shape} and {truth.shape}."
        )
    if not (np.isfinite(truth).all() and np.isfinite(guess).all()):
        raise PredictorError("Errors need finite values; leave failed measurements out.")
    if (truth <= 0).any():
        raise PredictorError(
            f"Relative errors need positive measured values, got {truth.min():g}; leave it out."
        )
    return truth, guess


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in fields.items()
    }
