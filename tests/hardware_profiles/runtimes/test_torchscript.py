"""TorchScript executes what its rules say: seen in the graph that it ran last."""

from collections import Counter

import pytest
import torch

from hardware_profiles.runtimes.protocol import RuntimeConfig
from hardware_profiles.runtimes.torchscript import TorchScriptRuntime
from search_engine.costs.units import units_of
from search_engine.network import NetworkDraft

CONVOLUTION, POOL, RELU = "prim::mkldnn_convolution", "aten::avg_pool2d", "aten::relu"


@pytest.fixture
def network():
    """Two equal pools, one activation that two convolutions read, a norm to fold, a dead layer."""
    draft = NetworkDraft((4, 8, 8))
    ways = [
        draft.add("conv", draft.input, out_channels=4, kernel=3, order="act_conv_norm")
        for _ in range(2)
    ]
    pools = [draft.add("avg_pool", draft.input) for _ in range(2)]
    draft.add("conv", draft.input, out_channels=4, kernel=5)
    return draft.finish(draft.add("head", draft.add("add", *ways, *pools), outputs=2))


def test_the_units_of_its_rules_are_the_kernels_that_run(network):
    runtime = TorchScriptRuntime(RuntimeConfig())
    with runtime.session():
        prepared = runtime.prepare(network, 0)
        prepared.run()
        graph = torch.jit.last_executed_optimized_graph()
    ran = Counter(node.kind() for node in graph.nodes())
    units = Counter(unit.op for unit in units_of(network, runtime.rules))
    assert (ran[CONVOLUTION], ran[POOL]) == (2, 1)
    assert (units["conv"], units["avg_pool"]) == (2, 1)
    assert ran[RELU] == 1
    assert not any("batch_norm" in kind for kind in ran)
