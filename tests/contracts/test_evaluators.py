"""What every registered evaluator promises."""

import json
import subprocess
import sys

import numpy as np
import pytest

from search_engine.errors import EvaluationError
from search_engine.evaluators import EVALUATORS
from search_engine.loading import load_evaluator, load_space
from search_engine.metrics import METRICS
from search_engine.protocols import Evaluator, SilentMonitor
from search_engine.types import EpochReport
from tests.search_engine.benchmark_data import require
from tests.search_engine.networks import mbconv

KEYS = EVALUATORS.keys()
SMALL = {"short_training": {"epochs": 1}}  # settings that keep this suite quick
SPACES = {"tabular": "nasbench201"}
DATASETS = {"short_training": "digits"}


def evaluator(key):
    require(EVALUATORS.resolve(key))
    return load_evaluator(key, DATASETS.get(key), **SMALL.get(key, {}))


def network(key, seed=0):
    if key in SPACES:
        space = load_space(SPACES[key])
    else:
        space = load_space("mbconv-tiny", input_shape=(1, 8, 8), classes=10)
    return space.decode(space.sample(np.random.default_rng(seed)))


def evaluate(key, seed=0):
    return evaluator(key).evaluate(network(key), seed=seed, monitor=SilentMonitor())


@pytest.mark.parametrize("key", KEYS)
def test_it_keeps_the_protocol(key):
    cls = EVALUATORS.resolve(key)
    assert isinstance(cls.immediate, bool)
    assert isinstance(cls.available(), str)
    assert isinstance(evaluator(key), Evaluator)


@pytest.mark.parametrize("key", KEYS)
def test_every_setting_is_described_and_has_a_default(key):
    schema = EVALUATORS.config_class(key).model_json_schema()
    assert schema["properties"]
    for name, field in schema["properties"].items():
        assert len(field["description"]) > 10, name
        assert "default" in field, name
    assert EVALUATORS.parse_config(key, {})


@pytest.mark.parametrize("key", KEYS)
def test_a_score_is_a_plain_number_of_a_known_metric_with_its_origin(key):
    evaluation = evaluate(key)
    assert 0 <= evaluation.metrics["accuracy"] <= 1
    assert all(type(value) is float for value in evaluation.metrics.values())
    assert evaluation.metrics.keys() <= METRICS.keys()
    assert evaluation.origin in ("measured", "looked_up", "predicted", "analytic")
    assert all(isinstance(report, EpochReport) for report in evaluation.curve)
    assert json.loads(json.dumps(dict(evaluation.details))) == evaluation.details


@pytest.mark.parametrize("key", KEYS)
def test_the_same_seed_gives_the_same_score(key):
    assert evaluate(key, seed=5).metrics == evaluate(key, seed=5).metrics


@pytest.mark.parametrize("key", KEYS)
def test_a_network_it_cannot_score_is_an_evaluation_error(key):
    with pytest.raises(EvaluationError, match="space"):
        evaluator(key).evaluate(mbconv((3, 24, 24), 3), seed=0, monitor=SilentMonitor())
    with pytest.raises(EvaluationError, match="space"):
        evaluator(key).check(mbconv((3, 24, 24), 3))


@pytest.mark.parametrize("key", KEYS)
def test_check_accepts_what_it_scores(key):
    assert evaluator(key).check(network(key)) is None


def test_settings_and_availability_are_known_without_loading_torch():
    code = (
        "import sys\nfrom search_engine.evaluators import EVALUATORS\n"
        "[(EVALUATORS.config_class(key), EVALUATORS.resolve(key).available())"
        " for key in EVALUATORS.keys()]\n"
        "print([name for name in ('torch', 'sklearn') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
