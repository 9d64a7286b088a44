"""ONNX models with random weights, made fast: for timing here or on another machine."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import onnx
from numpy.typing import NDArray

from hardware_profiles.errors import PreparationError
from hardware_profiles.runtimes.onnx_tracing import knows, traced_model
from hardware_profiles.runtimes.protocol import Precision
from hardware_profiles.runtimes.quantising import quantised
from hardware_profiles.runtimes.weights import build_initialised, random_input
from search_engine.errors import ExportError
from search_engine.exporters.onnx_file import onnx_model
from search_engine.network import NetworkSpec

CALIBRATION_SAMPLES = 16
MAX_CALIBRATION_SAMPLES = 512


@dataclass(frozen=True)
class TimingModel:
    """A model file in memory.

    Attributes:
        content: the ONNX file; batch axis free, one input, one output.
        facts: `exporter` (`traced` or `shipped`) and for int8 `calibration`.
        phases: milliseconds of `export_ms` and for int8 `quantise_ms`, when it was made.
    """

    content: bytes
    facts: Mapping[str, object]
    phases: dict[str, float]


def timing_model(
    network: NetworkSpec,
    seed: int,
    precision: Precision = "fp32",
    calibration: NDArray[np.float32] | None = None,
) -> TimingModel:
    """The ONNX model of a network with seeded random weights.

    Args:
        precision: `fp32`, or `int8`: weights per channel, activations from calibration data.
        calibration: inputs (n, *input shape), at most 512 are used; default seeded ones.

    Raises:
        PreparationError: a layer cannot be written as ONNX, or the inputs do not fit.
    """
    if precision not in ("fp32", "int8"):
        raise PreparationError(
            f"ONNX Runtime has no {precision} kernels for this processor. Choose fp32 or int8."
        )
    if precision == "fp32":
        return _float_model(network, seed)
    if calibration is None:
        return _seeded_int8_model(network, seed)
    shape = network.inputs[0].shape
    if calibration.ndim != len(shape) + 1 or calibration.shape[1:] != shape or not len(calibration):
        raise PreparationError(
            f"Calibration inputs have the shape {calibration.shape}; needed is (n, "
            f"{', '.join(map(str, shape))}) with n of 1 or more."
        )
    used = calibration[:MAX_CALIBRATION_SAMPLES].astype(np.float32, copy=False)
    return _int8_model(network, seed, used, f"{len(used)} given inputs")


@lru_cache(maxsize=4)  # the reference network comes back at every measurement
def _float_model(network: NetworkSpec, seed: int) -> TimingModel:
    began = time.perf_counter()
    module = build_initialised(network, seed)
    random_input(network, 1, seed)  # says so if there is more than one input
    fast = knows(network)
    try:
        model = (
            traced_model(module, network.inputs[0].shape)
            if fast
            else onnx_model(module, {item.name: item.shape for item in network.inputs})
        )
    except ExportError as error:
        raise PreparationError(
            f"Architecture {network.digest[:10]} cannot be written as ONNX: {error}"
        ) from error
    content = bytes(model.SerializeToString())
    facts = {"exporter": "traced" if fast else "shipped"}
    return TimingModel(content, facts, {"export_ms": (time.perf_counter() - began) * 1e3})


@lru_cache(maxsize=4)
def _seeded_int8_model(network: NetworkSpec, seed: int) -> TimingModel:
    inputs = random_input(network, CALIBRATION_SAMPLES, seed)
    return _int8_model(network, seed, inputs, f"{len(inputs)} seeded standard normal inputs")


def _int8_model(
    network: NetworkSpec, seed: int, inputs: NDArray[np.float32], source: str
) -> TimingModel:
    model = _float_model(network, seed)
    began = time.perf_counter()
    content = quantised(onnx.load_from_string(model.content), inputs)
    phases = model.phases | {"quantise_ms": (time.perf_counter() - began) * 1e3}
    return TimingModel(content, {**model.facts, "calibration": source}, phases)
