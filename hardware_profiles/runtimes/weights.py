"""Seeded random weights and inputs with realistic values: what runtimes time."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from hardware_profiles.errors import PreparationError
from search_engine.errors import SearchEngineError
from search_engine.network import NetworkSpec
from search_engine.nn.builder import build
from search_engine.seeding import seed_torch

_CALIBRATION_SAMPLES = 8


def build_initialised(network: NetworkSpec, seed: int) -> nn.Module:
    """The network in eval mode, with batch norms that have seen data.

    Freshly initialised norms do nothing, so activations of a deep network would shrink layer by
    layer, at last into denormal numbers, which some processors handle a hundred times slower.

    Raises:
        PreparationError: the network cannot be built, or its outputs are not finite.
    """
    try:
        with seed_torch(seed), torch.no_grad():
            module = build(network)
            _calibrate(module, torch.from_numpy(random_input(network, _CALIBRATION_SAMPLES, seed)))
    except (SearchEngineError, RuntimeError) as error:
        raise PreparationError(
            f"PyTorch cannot run architecture {network.digest[:10]}: {error}"
        ) from error
    return module.eval()


def random_input(network: NetworkSpec, batch_size: int, seed: int) -> NDArray[np.float32]:
    """Standard normal values, (batch_size, *input shape). PreparationError if not one input."""
    if len(network.inputs) != 1:
        raise PreparationError(
            f"Architecture {network.digest[:10]} has {len(network.inputs)} inputs; one is needed."
        )
    shape = (batch_size, *network.inputs[0].shape)
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def _calibrate(module: nn.Module, x: torch.Tensor) -> None:
    norms = [item for item in module.modules() if isinstance(item, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0  # take the statistics of this batch, forget the initial ones
    module.train()
    output = module(x)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    outputs = output if isinstance(output, tuple) else (output,)
    if not all(bool(torch.isfinite(item).all()) for item in outputs):
        raise RuntimeError("its outputs are not finite with random weights")
