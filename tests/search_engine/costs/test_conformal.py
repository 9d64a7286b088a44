"""Intervals hold what they promise."""

import math

import numpy as np
import pytest

from search_engine.costs.conformal import interval, residuals_of
from search_engine.errors import PredictorError


def test_ninety_percent_intervals_hold_ninety_percent_of_new_values():
    rng, hits = np.random.default_rng(0), []
    truth = rng.lognormal(1, 0.5, 600)
    guess = truth * np.exp(rng.standard_t(3, 600) * 0.05)
    for _ in range(20):
        order = rng.permutation(600)
        known, new = order[:200], order[200:]
        low, high = interval(residuals_of(truth[known], guess[known]), 0.9).around(guess[new])
        hits.append(np.mean((low <= truth[new]) & (truth[new] <= high)))
    assert 0.87 <= np.mean(hits) <= 0.93


def test_the_rank_is_that_of_the_definition():
    errors = np.arange(1, 20) / 100  # 19 residuals: the 18th of (19 + 1) * 0.9
    assert interval(-errors, 0.9).half_width == pytest.approx(0.18)
    low, high = interval(errors, 0.9).around([2.0])
    assert (low[0], high[0]) == (
        pytest.approx(2 * math.exp(-0.18)),
        pytest.approx(2 * math.exp(0.18)),
    )


def test_too_few_residuals_promise_nothing():
    assert interval([0.1, 0.2], 0.9).half_width == math.inf


@pytest.mark.parametrize(("residuals", "level"), [([], 0.9), ([math.nan], 0.9), ([0.1], 1.0)])
def test_unusable_input_is_refused(residuals, level):
    with pytest.raises(PredictorError):
        interval(residuals, level)
    with pytest.raises(PredictorError, match="positive"):
        residuals_of([1.0], [0.0])
