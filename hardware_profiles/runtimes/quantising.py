"""Static int8 quantisation in memory: ranges from calibration data, weights per channel.

QDQ format of ONNX Runtime: activations unsigned and asymmetric, weights signed, symmetric and
scaled per output channel (Krishnamoorthi, arXiv 1806.08342, sections 2 and 3.1.1).
"""

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import TensorsData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

_BATCH = 64


def quantised(model: onnx.ModelProto, inputs: NDArray[np.float32]) -> bytes:
    """The int8 form of a float model of one input, as a file.

    Args:
        model: folded, without training nodes; left as it is.
        inputs: calibration data, (n, *input shape).
    """
    shaped = onnx.shape_inference.infer_shapes(model)
    ranges = TensorsData(CalibrationMethod.MinMax, activation_ranges(shaped, inputs))
    quantiser = QDQQuantizer(
        shaped,
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=ranges,
        nodes_to_quantize=[],
        nodes_to_exclude=[],
        op_types_to_quantize=sorted({*QLinearOpsRegistry, *QDQRegistry}),
        extra_options={},
    )
    quantiser.quantize_model()
    return bytes(quantiser.model.model.SerializeToString())


def activation_ranges(
    model: onnx.ModelProto, inputs: NDArray[np.float32]
) -> dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Smallest and largest value of every float tensor between layers, by name.

    Args:
        model: with shapes inferred.
        inputs: (n, *input shape); run in batches of 64.
    """
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    known = {item.name for item in watched.graph.output}
    floats = [
        item
        for item in watched.graph.value_info
        if item.type.tensor_type.elem_type == onnx.TensorProto.FLOAT and item.name not in known
    ]
    watched.graph.output.extend(floats)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = ort.InferenceSession(
        watched.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    names = [item.name for item in session.get_outputs()]
    found = [_extremes(name, inputs)]
    for start in range(0, len(inputs), _BATCH):
        values = session.run(names, {name: inputs[start : start + _BATCH]})
        found += [_extremes(key, value) for key, value in zip(names, values, strict=True)]
    return _joined(found)


Extremes = tuple[str, NDArray[np.float32], NDArray[np.float32]]


def _extremes(name: str, values: NDArray[np.float32]) -> Extremes:
    return name, np.asarray(values.min()), np.asarray(values.max())


def _joined(
    found: Sequence[Extremes],
) -> dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    ranges: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
    for name, low, high in found:
        before = ranges.get(name, (low, high))
        ranges[name] = np.minimum(before[0], low), np.maximum(before[1], high)
    return ranges
