"""Opens an ONNX model for timing: the same options here and in the light client elsewhere."""

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from hardware_profiles.errors import PreparationError
from hardware_profiles.running import Prepared

_LOAD_ERRORS = (  # none of them derives from another
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


def session_options(threads: int) -> ort.SessionOptions:
    """Sequential execution on so many threads, all optimisations; idle threads sleep."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


def open_session(model: bytes, threads: int, name: str) -> ort.InferenceSession:
    """Load and optimise a model on the CPU.

    Args:
        name: of the architecture, for messages.

    Raises:
        PreparationError: ONNX Runtime refuses it.
    """
    try:
        return ort.InferenceSession(
            model, session_options(threads), providers=["CPUExecutionProvider"]
        )
    except _LOAD_ERRORS as error:
        raise PreparationError(f"ONNX Runtime cannot run architecture {name}: {error}") from error


def prepare(session: ort.InferenceSession, x: NDArray[np.float32]) -> Prepared:
    """One inference of a fixed input through a session's only input."""
    names = [item.name for item in session.get_outputs()]
    feed = {session.get_inputs()[0].name: x}
    return Prepared(lambda: session.run(names, feed))


def standard_normal(shape: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """The input that every runtime times: standard normal values of a seed."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
