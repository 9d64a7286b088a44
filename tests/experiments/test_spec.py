"""The experiment document: what is accepted, and what each mistake is told."""

import pytest

from experiments.spec import check_spec
from search_engine.errors import ConfigError
from tests.experiments.work import document

pytestmark = pytest.mark.django_db


def messages_of(data) -> dict[str, list[str]]:
    with pytest.raises(ConfigError) as caught:
        check_spec(data)
    return caught.value.messages


def test_a_checked_document_checks_to_itself():
    spec = check_spec(document())
    assert check_spec(spec.document()) == spec


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"unknown": 1}, "unknown", "Unknown setting"),
        ({"name": " "}, "name", "visible"),
        ({"name": "x" * 201}, "name", "200"),
        ({"dataset": "mnist9"}, "dataset", "Known: digits"),
        ({"dataset": None}, "dataset", "needs a data set"),
        ({"search_space": "nope"}, "search_space", "mbconv-tiny"),
        ({"devices": ["nowhere"]}, "devices.0", "nowhere"),
        ({"objectives": []}, "objectives", "at least 1"),
        ({"strategy": {"key": "magic"}}, "strategy.key", "nsga2"),
        (
            {"strategy": {"key": "nsga2", "config": {"population_size": -1}}},
            "strategy.config.population_size",
            "got -1",
        ),
        ({"strategy": {"key": "nsga2", "config": {"pop": 3}}}, "strategy.config.pop", "Allowed"),
        (
            {"evaluator": {"key": "short_training", "config": {"epochs": 0}}},
            "evaluator.config.epochs",
            "got 0",
        ),
        ({"budget": {"max_trials": -5}}, "budget.max_trials", "got -5"),
        ({"budget": {"max_trials": 5, "max_seconds": -1}}, "budget.max_seconds", "got -1"),
        ({"budget": {}}, "budget.max_trials", "required"),
        ({"seeds": [1, 1]}, "seeds", "twice"),
        ({"seeds": [-1]}, "seeds", "2^63"),
        ({"baseline": "nope"}, "baseline", "random_search"),
        (
            {"constraints": [{"metric": "params", "op": "<=", "value": 10}]},
            "constraints.0.value",
            "the nearest has",
        ),
        (
            {"constraints": [{"metric": "params", "op": "<=", "value": -10}]},
            "constraints.0.value",
            "positive",
        ),
        (
            {"constraints": [{"metric": "accuracy", "op": ">=", "value": 95}]},
            "constraints.0.value",
            "fraction",
        ),
        (
            {"constraints": [{"metric": "latency_ms", "op": "<=", "value": 5}]},
            "constraints.0.metric",
            "name a device",
        ),
        (
            {"constraints": [{"metric": "params", "op": "==", "value": 5}]},
            "constraints.0.op",
            "'<=' or '>='",
        ),
    ],
)
def test_each_mistake_is_told_at_its_path(changes, path, words):
    messages = messages_of(document(**changes))
    assert path in messages, messages
    assert words in " ".join(messages[path])


@pytest.mark.parametrize("data", [None, [], "text", 3])
def test_anything_but_an_object_is_refused(data):
    assert messages_of(data)


def test_all_mistakes_are_told_at_once():
    messages = messages_of(document(search_space="nope", strategy={"key": "magic"}))
    assert set(messages) == {"search_space", "strategy.key"}


def test_limits_that_exclude_each_other_are_refused():
    limits = [
        {"metric": "params", "op": "<=", "value": 4000},
        {"metric": "macs", "op": ">=", "value": 2_000_000},
    ]
    messages = messages_of(document(constraints=limits))
    assert any("constraints" in path for path in messages)


def test_a_device_metric_takes_the_primary_device(cpu):
    spec = check_spec(
        document(
            devices=["local-cpu"],
            objectives=[
                {"metric": "accuracy", "direction": "maximize"},
                {"metric": "latency_ms", "direction": "minimize"},
            ],
        )
    )
    assert spec.engine_objectives()[1].device == "local-cpu"


def test_a_device_on_a_metric_without_one_is_refused(cpu):
    messages = messages_of(
        document(
            devices=["local-cpu"],
            objectives=[{"metric": "params", "direction": "minimize", "device": "local-cpu"}],
        )
    )
    assert "does not depend on a device" in messages["objectives.0.device"][0]
