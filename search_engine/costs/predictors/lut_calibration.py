"""Estimates brought to the scale of measurements: affine in relative error, and per class."""

import numpy as np
from scipy.optimize import nnls

from search_engine.costs.predictors.protocol import Floats
from search_engine.errors import PredictorError

OUTLIER_MADS = 3.0
MAD_TO_SIGMA = 1.4826
MAX_PAIRS = 200_000


def affine(estimates: Floats, measured: Floats) -> tuple[float, float]:
    """`a`, `c` of measured ≈ a + c · estimate, least squares of the relative error, c > 0.

    Rows (1, estimate) / measured with target 1, in closed form; where a point lies more than
    three deviations (by the median) off, or the slope comes out negative, Theil and Sen's median
    of the slopes instead.

    Raises:
        PredictorError: estimates that do not rise with what was measured, or fewer than two.
    """
    if len(np.unique(estimates)) < 2:
        raise PredictorError("Calibration needs at least two networks with different estimates.")
    rows = np.stack([np.ones(len(estimates)), estimates], axis=1) / measured[:, None]
    (a, c), *_ = np.linalg.lstsq(rows, np.ones(len(rows)), rcond=None)
    residuals = rows @ (a, c) - 1.0
    if c <= 0 or _has_outliers(residuals):
        a, c = theil_sen(estimates, measured)
    if c <= 0:
        raise PredictorError(
            "Estimates fall where measurements rise: these are no times of the same device."
        )
    return float(a), float(c)


def theil_sen(x: Floats, y: Floats) -> tuple[float, float]:
    """Intercept and slope: medians over pairs of points (Sen, JASA 63, 1968)."""
    first, second = np.triu_indices(len(x), 1)
    if len(first) > MAX_PAIRS:
        step = len(first) // MAX_PAIRS + 1
        first, second = first[::step], second[::step]
    apart = x[first] != x[second]
    first, second = first[apart], second[apart]
    slope = float(np.median((y[second] - y[first]) / (x[second] - x[first])))
    return float(np.median(y - slope * x)), slope


def classes(sums: Floats, measured: Floats) -> Floats:
    """`a` and one factor per class of measured ≈ a + Σ factor · sum, all ≥ 0 (NNLS).

    Args:
        sums: `n x classes`: what the entries of each class add up to.

    Raises:
        PredictorError: fewer than three networks per class.
    """
    count, width = sums.shape
    if count < 3 * width:
        raise PredictorError(f"{width} classes need {3 * width} networks, got {count}.")
    rows = np.column_stack([np.ones(count), sums]) / measured[:, None]
    return nonnegative(rows, np.ones(count))


def nonnegative(rows: Floats, targets: Floats, ridge: float = 1e-6) -> Floats:
    """Coefficients ≥ 0 of least squares, columns brought to one scale, slightly regularised."""
    scale = np.sqrt((rows**2).mean(axis=0))
    scale[scale == 0] = 1.0
    penalty = np.sqrt(ridge * len(rows)) * np.eye(rows.shape[1])
    found, _ = nnls(
        np.vstack([rows / scale, penalty]), np.concatenate([targets, np.zeros(rows.shape[1])])
    )
    return np.asarray(found / scale, dtype=np.float64)


def _has_outliers(residuals: Floats) -> bool:
    off = np.abs(residuals - np.median(residuals))
    spread = MAD_TO_SIGMA * float(np.median(off))
    return bool((off > OUTLIER_MADS * spread + 1e-9).sum() > 0.02 * len(off))
