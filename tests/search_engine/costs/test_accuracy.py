"""Error figures: known values, intervals, and input that is refused."""

import json

import numpy as np
import pytest

from search_engine.costs.accuracy import constraint_report, error_report
from search_engine.errors import PredictorError


def test_figures_of_a_worked_example():
    report = error_report([10.0, 20.0, 40.0, 50.0], [11.0, 20.0, 38.0, 60.0])
    assert report.mape == pytest.approx(100 * (0.1 + 0 + 0.05 + 0.2) / 4)
    assert report.median_ape == pytest.approx(7.5)
    assert (report.within_5pct, report.within_10pct) == (50.0, 75.0)
    assert report.bias == pytest.approx(100 * (0.1 + 0 - 0.05 + 0.2) / 4)
    assert report.nrmse == pytest.approx(np.sqrt((1 + 4 + 100) / 4) / 30)
    assert (report.kendall_tau, report.spearman) == (pytest.approx(1), pytest.approx(1))


def test_the_interval_of_the_error_covers_its_true_mean():
    rng, hits = np.random.default_rng(0), 0
    for seed in range(60):
        errors = rng.exponential(0.05, 80)
        report = error_report(np.ones(80), 1 + errors, seed=seed)
        hits += report.mape_low <= 5.0 <= report.mape_high
    assert hits >= 50


def test_same_seed_same_report_and_plain_json():
    rng = np.random.default_rng(1)
    truth = rng.uniform(1, 2, 30)
    guess = truth * rng.normal(1, 0.1, 30)
    assert error_report(truth, guess, seed=3) == error_report(truth, guess, seed=3)
    assert json.loads(json.dumps(error_report(truth, guess).to_json()))["n"] == 30


def test_ranks_that_are_not_defined_are_null_and_raise_no_warning():
    report = error_report([1.0, 2.0, 3.0], [2.0, 2.0, 2.0]).to_json()
    assert report["kendall_tau"] is None
    assert report["spearman"] is None
    assert error_report([5.0], [5.0]).to_json()["r2"] is None


def test_limits_say_how_many_accepted_networks_break_them():
    report = constraint_report([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 1.9, 5.0], limit=2.5)
    assert (report.accepted, report.precision, report.recall) == (3, pytest.approx(200 / 3), 100)
    assert report.worst_excess == pytest.approx(20)
    assert constraint_report([3.0], [3.0], limit=1.0).to_json()["precision"] is None


@pytest.mark.parametrize(
    ("truth", "guess", "words"),
    [
        ([1.0], [1.0, 2.0], "as many"),
        ([], [], "at least one"),
        ([1.0, np.nan], [1.0, 1.0], "finite"),
        ([1.0, -1.0], [1.0, 1.0], "positive"),
    ],
)
def test_unusable_values_are_refused_with_the_reason(truth, guess, words):
    with pytest.raises(PredictorError, match=words):
        error_report(truth, guess)
