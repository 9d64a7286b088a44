"""PyTorch eager on the CPU: the module as Python calls it, under `torch.inference_mode()`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from hardware_profiles.runtimes.protocol import Prepared, RuntimeConfig
from hardware_profiles.runtimes.weights import build_initialised, random_input
from search_engine.network import NetworkSpec


class PyTorchRuntime:
    """Threads are a global setting of PyTorch, so they are set for a session and then put back."""

    config_class = RuntimeConfig

    def __init__(self, config: RuntimeConfig) -> None:
        self._config = config

    @property
    def on_calling_thread(self) -> bool:
        return self._config.threads == 1

    def prepare(self, network: NetworkSpec, seed: int) -> Prepared:
        """Build the module and fix its input. PreparationError."""
        module = build_initialised(network, seed)
        x = torch.from_numpy(random_input(network, self._config.batch_size, seed))
        return Prepared(lambda: module(x))

    @contextmanager
    def session(self) -> Iterator[None]:
        """`threads` threads per operator, no gradients and no version counters."""
        threads = torch.get_num_threads()
        torch.set_num_threads(self._config.threads)
        try:
            with torch.inference_mode():
                yield
        finally:
            torch.set_num_threads(threads)

    def versions(self) -> Mapping[str, str]:
        return {"torch": torch.__version__}
