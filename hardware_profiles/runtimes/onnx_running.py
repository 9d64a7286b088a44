"""Sessions of ONNX Runtime. Loaded when something is run, not listed."""

import time

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from hardware_profiles.errors import PreparationError
from hardware_profiles.running import Prepared
from hardware_profiles.runtimes.onnx_models import timing_model
from hardware_profiles.runtimes.protocol import RuntimeConfig
from hardware_profiles.runtimes.weights import random_input
from search_engine.network import NetworkSpec

LOAD_ERRORS = (  # none of them derives from another
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


def prepare(
    network: NetworkSpec,
    seed: int,
    config: RuntimeConfig,
    calibration: NDArray[np.float32] | None = None,
) -> Prepared:
    """A session with random weights and one fixed input.

    Raises:
        PreparationError: the network cannot be written as ONNX, or not be loaded.
    """
    x = random_input(network, config.batch_size, seed)
    model = timing_model(network, seed, config.precision, calibration)
    began = time.perf_counter()
    try:
        session = ort.InferenceSession(
            model.content, options(config.threads), providers=["CPUExecutionProvider"]
        )
    except LOAD_ERRORS as error:
        raise PreparationError(
            f"ONNX Runtime cannot run architecture {network.digest[:10]}: {error}"
        ) from error
    phases = model.phases | {"load_ms": (time.perf_counter() - began) * 1e3}
    names = [item.name for item in session.get_outputs()]
    feed = {session.get_inputs()[0].name: x}
    return Prepared(lambda: session.run(names, feed), phases=phases, facts=model.facts)


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
