"""The quick way to ONNX gives what the exporter gives, after ONNX Runtime has optimised both."""

from collections import Counter

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from hardware_profiles.runtimes.onnx_models import timing_model
from hardware_profiles.runtimes.onnx_sessions import options
from hardware_profiles.runtimes.onnx_tracing import TRACED_OPS, knows, traced_model
from hardware_profiles.runtimes.quantising import quantised
from hardware_profiles.runtimes.weights import build_initialised, random_input
from search_engine.exporters.onnx_file import onnx_model
from search_engine.network import NetworkDraft
from search_engine.spaces.compiler import compile_space


def with_every_op():
    """All layers that may be traced, some with unusual settings, and one that nobody reads."""
    draft = NetworkDraft((4, 8, 8))
    x = draft.add("conv", draft.input, out_channels=8, kernel=3, activation="hswish")
    side = draft.add("max_pool", x, kernel=3)
    y = draft.add("conv", x, out_channels=8, kernel=3, groups=8, activation="relu6")
    y = draft.add("squeeze_excite", y, gate="hsigmoid")
    y = draft.add("conv", y, out_channels=8, kernel=1, activation="none")
    y = draft.add("add", y, draft.add("zero", x, stride=1), draft.add("identity", side))
    y = draft.add("norm_act", draft.add("dropout", y, rate=0.1))
    half = draft.add("factorized_reduce", y, out_channels=8)
    y = draft.add("concat", half, draft.add("avg_pool", y, kernel=3, stride=2))
    draft.add("conv", y, out_channels=4, kernel=1)
    y = draft.add("head", draft.add("global_avg_pool", y), outputs=12)
    return draft.finish(draft.add("linear", y, outputs=3))


def drawn(key, seed):
    space = compile_space(key)
    return space.decode(space.sample(np.random.default_rng(seed)))


NETWORKS = {
    "every op": with_every_op,
    "squeezes and sums": lambda: drawn("mbconv-tiny", 3),
    "sums of zeros": lambda: compile_space("nasbench201-tiny").decode((0, 1, 0, 2, 3, 4)),
}


def optimised(content, path):
    """(session, how often each kind of node stands in the graph that it runs)."""
    settings = options(1)
    settings.optimized_model_filepath = str(path)
    session = ort.InferenceSession(content, settings, providers=["CPUExecutionProvider"])
    return session, Counter(node.op_type for node in onnx.load(path).graph.node)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_optimised_graph_and_the_outputs_are_those_of_the_exporter(name, tmp_path):
    network = NETWORKS[name]()
    assert knows(network)
    module, shape = build_initialised(network, 1), network.inputs[0].shape
    quick, shipped = traced_model(module, shape), onnx_model(module, {"input": shape})
    feed = {"input": random_input(network, 3, 2)}
    compare(quick.SerializeToString(), shipped.SerializeToString(), feed, tmp_path)
    inputs = random_input(network, 8, 3)
    compare(quantised(quick, inputs), quantised(shipped, inputs), feed, tmp_path)


def compare(quick, shipped, feed, folder):
    """The same kinds of nodes after optimisation, and the same outputs."""
    ours, our_nodes = optimised(quick, folder / "quick.onnx")
    theirs, their_nodes = optimised(shipped, folder / "shipped.onnx")
    assert our_nodes == their_nodes
    np.testing.assert_allclose(
        ours.run(None, feed)[0], theirs.run(None, feed)[0], rtol=1e-4, atol=1e-5
    )


def test_the_network_above_holds_every_layer_that_may_be_traced():
    assert {node.op for node in with_every_op().nodes} == TRACED_OPS


def test_a_network_with_another_layer_goes_through_the_exporter():
    draft = NetworkDraft((2, 4, 4))
    x = draft.add("conv", draft.input, out_channels=4, kernel=1)
    network = draft.finish(draft.add("head", draft.add("shuffle", x, groups=2), outputs=2))
    assert not knows(network)
    assert timing_model(network, 0).facts == {"exporter": "shipped"}
