"""A network in ONNX Runtime: the model is written, then opened. Loaded when something is run."""

import numpy as np
from numpy.typing import NDArray

from hardware_profiles.errors import PreparationError
from hardware_profiles.running import Prepared
from hardware_profiles.runtimes.onnx_models import timing_model
from hardware_profiles.runtimes.onnx_sessions import open_model
from hardware_profiles.runtimes.protocol import RuntimeConfig
from hardware_profiles.runtimes.weights import random_input
from search_engine.network import NetworkSpec


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
    try:
        prepared = open_model(model.content, x, config.threads)
    except PreparationError as error:
        raise PreparationError(f"Architecture {network.digest[:10]}: {error}") from error
    return Prepared(prepared.run, phases={**model.phases, **prepared.phases}, facts=model.facts)
