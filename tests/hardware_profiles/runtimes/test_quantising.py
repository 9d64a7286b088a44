"""Our int8 models are those of ONNX Runtime's own tool, made without files."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from hardware_profiles.errors import PreparationError
from hardware_profiles.runtimes.onnx_models import timing_model
from hardware_profiles.runtimes.onnx_sessions import options
from hardware_profiles.runtimes.quantising import quantised
from hardware_profiles.runtimes.weights import random_input
from search_engine.network import NetworkDraft


@pytest.fixture
def network():
    draft = NetworkDraft((2, 8, 8))
    x = draft.add("conv", draft.input, out_channels=8, kernel=3)
    y = draft.add("conv", x, out_channels=8, kernel=3, groups=8, activation="hswish")
    y = draft.add("squeeze_excite", draft.add("avg_pool", y))
    return draft.finish(draft.add("head", draft.add("add", x, y), outputs=3))


class Reader(CalibrationDataReader):
    """All inputs in one batch, as the tool wants them."""

    def __init__(self, inputs):
        self.batches = iter([{"input": inputs}])

    def get_next(self):
        return next(self.batches, None)


def run(content, x):
    session = ort.InferenceSession(content, options(1), providers=["CPUExecutionProvider"])
    return session.run(None, {"input": x})[0]


def test_the_model_is_the_one_that_the_tool_writes(network, tmp_path):
    model = onnx.load_from_string(timing_model(network, 3).content)
    inputs = random_input(network, 8, 1)
    ours = onnx.load_from_string(quantised(model, inputs))
    path = tmp_path / "theirs.onnx"
    quantize_static(
        model,
        path,
        Reader(inputs),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QUInt8,
    )
    theirs = onnx.load(path)
    kinds = [sorted(node.op_type for node in item.graph.node) for item in (ours, theirs)]
    assert kinds[0] == kinds[1]
    x = random_input(network, 4, 2)
    np.testing.assert_allclose(run(ours.SerializeToString(), x), run(str(path), x), atol=1e-6)


def test_weights_have_a_scale_per_channel_and_eight_bits(network):
    graph = onnx.load_from_string(timing_model(network, 0, "int8").content).graph
    arrays = {item.name: onnx.numpy_helper.to_array(item) for item in graph.initializer}
    assert any(array.dtype == np.int8 and array.shape == (8, 2, 3, 3) for array in arrays.values())
    assert any(name.endswith("_scale") and array.shape == (8,) for name, array in arrays.items())


def test_given_inputs_decide_the_ranges_and_are_told(network):
    seeded = timing_model(network, 0, "int8")
    wide = timing_model(network, 0, "int8", 100 * random_input(network, 4, 0))
    assert seeded.facts["calibration"] == "16 seeded standard normal inputs"
    assert wide.facts["calibration"] == "4 given inputs"
    x = random_input(network, 1, 5)
    exact = run(timing_model(network, 0).content, x)
    error = [np.abs(run(model.content, x) - exact).max() for model in (seeded, wide)]
    assert error[0] < error[1]  # ranges a hundred times too wide leave few levels


@pytest.mark.parametrize("shape", [(4, 2, 8), (4, 3, 8, 8), (0, 2, 8, 8)])
def test_inputs_that_do_not_fit_are_refused_in_words(network, shape):
    with pytest.raises(PreparationError, match=r"needed is \(n, 2, 8, 8\)"):
        timing_model(network, 0, "int8", np.zeros(shape, np.float32))


def test_a_type_without_kernels_is_refused_in_words(network):
    with pytest.raises(PreparationError, match="no bf16 kernels"):
        timing_model(network, 0, "bf16")
