"""The learning-rate schedule and the limits of a recipe."""

import math
from itertools import pairwise

import pytest

from search_engine.errors import ConfigError
from search_engine.training.recipe import Recipe

STEPS = 100


def rates(**settings):
    recipe = Recipe(learning_rate=0.2, **settings)
    return [recipe.learning_rate_at(step, STEPS) for step in range(STEPS)]


def test_without_warm_up_the_rate_starts_at_the_peak_and_falls_to_nearly_zero():
    rate = rates()
    assert rate[0] == 0.2
    assert rate[50] == pytest.approx(0.1)
    assert rate == sorted(rate, reverse=True)
    assert 0 < rate[-1] < 0.2 * 1e-3
    assert rate[25] == pytest.approx(0.2 * (1 + math.cos(math.pi / 4)) / 2)


def test_warm_up_rises_in_equal_steps_to_the_peak():
    rate = rates(warmup=0.2)
    rises = [after - before for before, after in pairwise(rate[:21])]
    assert rises == pytest.approx([0.2 / 21] * 20)
    assert rate[20] == max(rate) == 0.2
    assert 0 < rate[-1] < 0.2 * 1e-3


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_trainings_have_a_rate(steps):
    recipe = Recipe(warmup=0.9)
    assert all(0 < recipe.learning_rate_at(step, steps) <= 0.1 for step in range(steps))


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 0},
        {"batch_size": 1},
        {"learning_rate": 0},
        {"learning_rate": float("nan")},
        {"momentum": 1},
        {"label_smoothing": -0.1},
        {"warmup": 1},
        {"optimizer": "adam"},
        {"shift_px": -1},
        {"lr": 0.1},
    ],
)
def test_settings_out_of_bounds_are_named(settings):
    with pytest.raises(ConfigError) as caught:
        Recipe.parse(settings)
    assert list(caught.value.messages) == list(settings)
