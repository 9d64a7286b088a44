"""Intervals that hold a promised share of new measurements, from errors on networks kept apart."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from search_engine.costs.accuracy import log_ratios
from search_engine.errors import PredictorError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """Half width of an interval in logarithms: it reaches from `value / e^q` to `value * e^q`.

    Attributes:
        level: share of new networks whose value lies within, at least, on average.
        half_width: `q`; infinite where there are too few residuals for the level.
        n: residuals it was made from.
    """

    level: float
    half_width: float
    n: int

    def around(self, predicted: ArrayLike) -> tuple[Floats, Floats]:
        """Lower and upper ends for predictions."""
        centre = np.asarray(predicted, float)
        return centre * math.exp(-self.half_width), centre * math.exp(self.half_width)


def interval(residuals: ArrayLike, level: float = 0.9) -> Interval:
    """The split-conformal interval: the ⌈(n+1)·level⌉-th smallest absolute residual.

    Args:
        residuals: `log(predicted / measured)` of networks that the predictor was not fitted on;
            see `residuals_of`. They must be like the networks to come, nothing else is assumed.
        level: between 0 and 1.

    Raises:
        PredictorError: no residuals, one that is not finite, or a level outside (0, 1).

    Source: Lei et al., Distribution-free predictive inference for regression, JASA 113, 2018.

    >>> interval([0.01, -0.02, 0.03], 0.5).half_width
    0.02
    """
    wrong = np.sort(np.abs(np.asarray(residuals, float).ravel()))
    if not 0 < level < 1:
        raise PredictorError(f"The level of an interval is between 0 and 1, got {level}.")
    if not len(wrong) or not np.isfinite(wrong).all():
        raise PredictorError("An interval needs finite residuals, at least one.")
    rank = math.ceil(round((len(wrong) + 1) * level, 9))
    half = float(wrong[rank - 1]) if rank <= len(wrong) else math.inf
    return Interval(level, half, len(wrong))


def residuals_of(measured: ArrayLike, predicted: ArrayLike) -> Floats:
    """`log(predicted / measured)`. PredictorError if a value is not a positive number."""
    return log_ratios(measured, predicted)
