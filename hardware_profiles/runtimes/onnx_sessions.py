"""Sessions of ONNX Runtime on model files; needs neither PyTorch nor ONNX's own package."""

import time

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from hardware_profiles.errors import PreparationError
from hardware_profiles.running import Prepared

LOAD_ERRORS = (  # none of them derives from another
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


def open_model(content: bytes | str, x: NDArray[np.float32], threads: int = 1) -> Prepared:
    """A session with one fixed input.

    Args:
        content: the file, or its path.
        x: (batch, *input shape).
        threads: that one inference may use.

    Raises:
        PreparationError: ONNX Runtime cannot load it.
    """
    began = time.perf_counter()
    try:
        session = ort.InferenceSession(
            content, options(threads), providers=["CPUExecutionProvider"]
        )
    except LOAD_ERRORS as error:
        raise PreparationError(f"ONNX Runtime cannot load the model: {str(error)[:300]}") from error
    phases = {"load_ms": (time.perf_counter() - began) * 1e3}
    names = [item.name for item in session.get_outputs()]
    feed = {session.get_inputs()[0].name: x}
    return Prepared(lambda: session.run(names, feed), phases=phases)


def options(threads: int) -> ort.SessionOptions:
    """All optimisations, `threads` threads that sleep when idle, layers one after the other."""
    made = ort.SessionOptions()
    made.intra_op_num_threads = threads
    made.inter_op_num_threads = 1
    made.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    made.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    made.add_session_config_entry("session.intra_op.allow_spinning", "0")
    made.log_severity_level = 3
    return made
