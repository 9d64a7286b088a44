"""A Gaussian process over execution units, seen through sums over networks.

What units deviate from a first guess is one smooth unknown function of their shape. Times of
whole networks are sums of it, times of single units are its values: both are linear, so the
posterior is closed form (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006,
sections 2.2 and 5.4.2 for the left-out predictions).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from search_engine.costs.predictors.kernel_features import Described
from search_engine.costs.predictors.protocol import Floats

LENGTHS = (1.0, 3.0, 8.0)  # octaves
OWN_SHARES = (0.05, 0.3)
AMPLITUDES = (0.05, 0.1, 0.2, 0.4, 0.8)
NOISES = (0.005, 0.01, 0.02, 0.04)
OTHER_VARIANT = 0.5  # squared octaves
_HUBER_MADS = 3.0
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Shape:
    """Covariance of two units of one family: `(1 - own) exp(-distance / length)`, and `own` more
    where they are the very same unit."""

    length: float
    own: float


@dataclass(frozen=True, slots=True)
class Posterior:
    """What was learnt: deviations are `covariance(units, known) @ pull`.

    Attributes:
        amplitude, noise: relative standard deviations of units and of measured networks.
        left_out: relative errors of the observations, each predicted from the others.
    """

    shape: Shape
    amplitude: float
    noise: float
    pull: Floats
    left_out: Floats


def covariance(first: Described, second: Described, shape: Shape) -> Floats:
    """`m x k` prior covariances of relative deviations, 1 for a unit with itself."""
    squares = (first.points**2).sum(1)[:, None] + (second.points**2).sum(1)[None]
    squares = np.maximum(squares - 2 * first.points @ second.points.T, 0)
    squares += OTHER_VARIANT * ~_equal(first.variants, second.variants)
    smooth = np.exp(-np.sqrt(squares) / shape.length)
    smooth *= _equal(first.kinds, second.kinds)
    found: Floats = (1 - shape.own) * smooth + shape.own * _equal(first.keys, second.keys)
    return found


def _equal(first: NDArray[np.str_], second: NDArray[np.str_]) -> NDArray[np.bool_]:
    """`m x k`; texts are long, so they are compared by number."""
    _, numbers = np.unique(np.concatenate([first, second]), return_inverse=True)
    same: NDArray[np.bool_] = numbers[: len(first), None] == numbers[None, len(first) :]
    return same


def posterior(
    units: Described, seen: Floats, deviations: Floats, noisier: Floats, judged: NDArray[np.bool_]
) -> Posterior:
    """Learn deviations of units from sums of them.

    Shape, amplitude and noise are those under which left-out observations are likeliest.
    Observations further off than 3 MAD count less (Huber, 1964), then it is all done again.

    Args:
        units: `u` units that occur.
        seen: `n x u`: how a relative deviation of 1 of each unit changes each observation.
        deviations: `n` relative deviations that were observed.
        noisier: `n` factors on the noise.
        judged: `n`: whether an observation takes part in the choice of shape and noise.
    """
    first = max(_candidates(units, seen, deviations, noisier, judged), key=lambda pair: pair[0])[1]
    spread = _MAD_TO_SIGMA * float(np.median(np.abs(first.left_out[judged])))
    limit = _HUBER_MADS * max(spread, 1e-6)
    doubt = np.sqrt(np.maximum(np.abs(first.left_out) / limit, 1.0))
    if (doubt == 1.0).all():
        return first
    again = _candidates(units, seen, deviations, noisier * doubt, judged)
    return max(again, key=lambda pair: pair[0])[1]


def _candidates(
    units: Described, seen: Floats, deviations: Floats, noisier: Floats, judged: NDArray[np.bool_]
) -> Iterator[tuple[float, Posterior]]:
    """Every setting, with the mean log likelihood of left-out observations."""
    scaled, target = seen / noisier[:, None], deviations / noisier
    for length, own in product(LENGTHS, OWN_SHARES):
        shape = Shape(length, own)
        spread, vectors = np.linalg.eigh(scaled @ covariance(units, units, shape) @ scaled.T)
        spread, turned = np.maximum(spread, 0), vectors.T @ target
        for amplitude, noise in product(AMPLITUDES, NOISES):
            inverse = 1 / (amplitude**2 * spread + noise**2)
            weights = vectors @ (inverse * turned)
            variances = 1 / ((vectors**2) @ inverse)
            off = weights * variances
            likelihood = -0.5 * (off**2 / variances + np.log(variances))
            pull = amplitude**2 * (scaled.T @ weights)
            yield (
                float(np.mean(likelihood[judged])),
                Posterior(shape, amplitude, noise, pull, off * noisier),
            )
