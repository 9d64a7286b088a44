"""What every registered cost model promises."""

import math

import numpy as np
import pytest

from search_engine.costs import COSTS
from search_engine.metrics import METRICS
from search_engine.network import NetworkDraft, NetworkSpec
from search_engine.spaces.compiler import compile_space

every_cost = pytest.mark.parametrize("key", COSTS.keys())


@every_cost
def test_names_an_analytic_metric(key):
    model = COSTS.resolve(key)()
    assert model.metric == key
    assert METRICS[model.metric].kind == model.origin == "analytic"


@every_cost
def test_is_finite_positive_and_repeats(key):
    model, space = COSTS.resolve(key)(), compile_space("mbconv-tiny")
    rng = np.random.default_rng(0)
    for _ in range(20):
        network = space.decode(space.sample(rng))
        value = model.predict(network)
        assert math.isfinite(value)
        assert value > 0
        assert model.predict(network) == value
        assert model.predict(NetworkSpec.from_json(network.to_json())) == value


def chain(length):
    draft = NetworkDraft((3, 16, 16))
    x = draft.input
    for _ in range(length):
        x = draft.add("conv", x, out_channels=8)
    return draft.finish(draft.add("head", x, outputs=10))


@every_cost
def test_one_more_layer_never_costs_less(key):
    model = COSTS.resolve(key)()
    values = [model.predict(chain(length)) for length in range(1, 5)]
    assert values == sorted(values)
