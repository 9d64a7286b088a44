"""Parameters, MACs and weight size against the built module."""

import numpy as np
import pytest

from search_engine.costs import COSTS
from search_engine.nn.builder import build
from search_engine.spaces.compiler import compile_space
from tests.search_engine.nn.hooks import counted, stored


@pytest.mark.parametrize(
    ("key", "shape", "classes"),
    [
        ("mbconv-tiny", (1, 8, 8), 10),
        ("mbconv-tiny", (3, 33, 20), 7),
        ("nasbench201", (1, 8, 8), 10),
        ("nasbench201", (3, 14, 14), 3),
    ],
)
def test_rules_equal_counting_on_the_module(key, shape, classes):
    space = compile_space(key, input_shape=shape, classes=classes)
    rng = np.random.default_rng(5)
    models = {name: COSTS.resolve(name)() for name in (entry.key for entry in COSTS)}
    for _ in range(15):
        network = space.decode(space.sample(rng))
        module = build(network)
        params, macs = counted(module, shape)
        assert models["params"].predict(network) == params
        assert models["macs"].predict(network) == macs
        assert models["weight_size_mib"].predict(network) == 4 * stored(module) / 2**20
