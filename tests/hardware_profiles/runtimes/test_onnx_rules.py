"""The declared rules of ONNX Runtime against the graphs that it really optimises networks into."""

from collections import Counter
from pathlib import Path

import onnx
import onnxruntime as ort
import pytest

from hardware_profiles.runtimes import rules_for
from hardware_profiles.runtimes.onnx_models import timing_model
from hardware_profiles.runtimes.onnx_runtime import block_of
from search_engine import load_space
from search_engine.costs.units import RuntimeRules, units_of
from search_engine.network import NetworkSpec

LAYERS = {"Conv": "conv", "AveragePool": "avg_pool", "Relu": "norm_act", "Add": "add"}


def optimised(network: NetworkSpec, folder: Path) -> Counter[str]:
    """Kernels of the graph that ONNX Runtime makes of a network."""
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    options.log_severity_level = 3
    content = timing_model(network, 0).content
    ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    nodes = onnx.load(options.optimized_model_filepath).graph.node
    return Counter(LAYERS[node.op_type] for node in nodes if node.op_type in LAYERS)


def declared(network: NetworkSpec, rules: RuntimeRules) -> Counter[str]:
    ops = Counter(unit.op for unit in units_of(network, rules))
    return Counter({op: ops[op] for op in LAYERS.values() if ops[op]})


@pytest.mark.parametrize(
    "genes",
    [
        (4, 4, 2, 0, 3, 3),  # two equal pools, one of them read by nobody
        (1, 0, 4, 4, 2, 3),  # equal pools behind a skip
        (3, 0, 3, 0, 0, 4),  # a chain of convolutions, sums within them
        (0, 0, 3, 3, 1, 2),  # computes on zeros
    ],
)
@pytest.mark.skipif(rules_for("onnxruntime").block == 0, reason="other layouts than x86")
def test_units_are_the_kernels_of_the_optimised_graph(
    genes: tuple[int, ...], tmp_path: Path
) -> None:
    network = load_space("nasbench201").decode(genes)
    found = optimised(network, tmp_path)
    expected = declared(network, rules_for("onnxruntime"))
    assert found["avg_pool"] == expected["avg_pool"]
    assert found["add"] == expected["add"]
    # The last norm may become a 1x1 convolution with its activation.
    assert 0 <= found["conv"] - expected["conv"] <= 1
    assert 0 <= expected["norm_act"] - found["norm_act"] <= 1
    plain = declared(network, RuntimeRules())
    assert plain != expected


def test_channels_per_block_follow_the_processor() -> None:
    assert block_of("flags : fpu sse2 avx avx2 avx512f") == 16
    assert block_of("flags : fpu sse2 avx avx2") == 8
    assert block_of("Features : fp asimd") == 0
