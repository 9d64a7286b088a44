"""Keys and plain settings become objects, and mistakes become sentences."""

import pytest

import search_engine
from search_engine.errors import ConfigError, ProblemError, SpaceError, UnknownKeyError
from search_engine.loading import load_dataset, load_evaluator, load_space, load_strategy
from search_engine.strategies.nsga2 import NSGA2
from search_engine.toys import toy_problem


def test_every_public_name_is_there():
    for name in search_engine.__all__:
        assert getattr(search_engine, name) is not None


def test_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'serch'"):
        _ = search_engine.serch


def test_a_strategy_keeps_its_settings_until_it_gets_a_problem():
    plan = load_strategy("nsga2", population_size=8)
    assert plan.config.population_size == 8
    assert isinstance(plan.create(toy_problem()), NSGA2)


def test_settings_of_a_strategy_are_checked_at_once():
    with pytest.raises(ConfigError, match=r"populaton_size: Unknown setting\. Allowed: "):
        load_strategy("nsga2", populaton_size=8)


def test_data_set_and_evaluator_by_key():
    assert load_dataset("digits").input_shape == (1, 8, 8)
    evaluator = load_evaluator("short_training", "digits", epochs=2)
    assert not evaluator.immediate


@pytest.mark.parametrize(
    ("load", "noun"),
    [(load_strategy, "search strategy"), (load_dataset, "data set"), (load_evaluator, "evaluator"),
     (load_space, "search space")],
)  # fmt: skip
def test_unknown_keys_name_the_known_ones(load, noun):
    with pytest.raises(UnknownKeyError, match=f"No {noun} named 'nothing'. Known: "):
        load("nothing")


def test_an_evaluator_that_needs_data_says_so():
    with pytest.raises(ProblemError, match="needs a data set, got none"):
        load_evaluator("short_training")


def test_a_space_is_compiled_for_the_task():
    space = load_space("mbconv-tiny", input_shape=(3, 32, 32), classes=7)
    network = space.decode((0,) * len(space.cardinalities))
    assert network.inputs[0].shape == (3, 32, 32)
    assert network.shapes[network.outputs[0]] == (7,)


def test_a_document_that_is_no_space_is_an_error():
    with pytest.raises(SpaceError):
        load_space({"nonsense": True})
