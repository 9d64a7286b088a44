"""Hypervolume and losses: one line per run or candidate, told apart by more than colour."""

import plotly.graph_objects as go
import pytest

from experiments.figures import hypervolume, losses


def series(**changes):
    return {
        "run": "r1",
        "strategy": "nsga2",
        "seed": 3,
        "baseline": False,
        "trials": [1, 2, 3],
        "seconds": [1.0, 2.5, 4.0],
        "hypervolume": [0.1, 0.2, 0.25],
        **changes,
    }


def epoch(n, **changes):
    row = {
        "epoch": n,
        "epochs": 5,
        "train_loss": 2 / n,
        "val_loss": 2.2 / n,
        "val_accuracy": 0.1 * n,
    }
    return {**row, "seconds": 1.0, **changes}


def test_the_baseline_is_dotted():
    drawn = hypervolume.figure(
        [series(), series(run="r2", baseline=True, strategy="random_search")]
    )
    ours, theirs = drawn["data"]
    assert (ours["line"]["dash"], theirs["line"]["dash"]) == ("solid", "dot")
    assert theirs["name"] == "random_search, seed 3 (baseline)"
    go.Figure(drawn)


def test_hypervolume_against_time():
    drawn = hypervolume.figure([series()], "seconds")
    assert drawn["data"][0]["x"] == [1.0, 2.5, 4.0]
    assert drawn["layout"]["meta"] == {"x": "seconds"}


def test_no_other_abscissa():
    with pytest.raises(KeyError):
        hypervolume.figure([], "genes")


def test_no_points_are_a_valid_figure():
    go.Figure(hypervolume.figure([series(trials=[], seconds=[], hypervolume=[])]))
    go.Figure(losses.figure({}))
    go.Figure(losses.training_figure([]))


def test_at_most_eight_curves():
    drawn = losses.figure({str(n): [epoch(1), epoch(2)] for n in range(20)})
    assert len(drawn["data"]) == 2 * losses.MAX_CURVES
    assert drawn["layout"]["yaxis"]["type"] == "log"


def test_losses_that_a_logarithm_cannot_show_are_gaps():
    bad = [epoch(1), epoch(2, train_loss=0.0, val_loss=float("nan")), epoch(3, val_loss=None)]
    validation, training = losses.figure({"7": bad})["data"]
    assert validation["y"] == [2.2, None, None]
    assert training["y"] == [2.0, None, pytest.approx(2 / 3)]
    assert validation["name"] == "#7 validation loss"


def test_a_candidate_has_losses_and_accuracy_over_one_another():
    drawn = losses.training_figure([epoch(1), epoch(2)])
    go.Figure(drawn)
    accuracy = drawn["data"][-1]
    assert accuracy["y"] == [10.0, 20.0]
    assert drawn["layout"]["yaxis2"]["domain"][0] > drawn["layout"]["yaxis"]["domain"][1]
