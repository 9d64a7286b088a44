"""Runs ONNX files on this machine: what the server's measuring code is given to time."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import onnxruntime

from hardware_profiles.running import Prepared
from hardware_profiles.runtimes.onnx_sessions import open_model


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """A network as the server sent it.

    Attributes:
        digest: of the network, not of the file.
        input_shape: without the batch axis.
    """

    digest: str
    content: bytes
    input_shape: tuple[int, ...]


class OnnxRunner:
    """ONNX Runtime on the processor, `threads` threads per inference."""

    def __init__(self, threads: int, batch_size: int) -> None:
        self._threads, self._batch = threads, batch_size

    @property
    def on_calling_thread(self) -> bool:
        """With one thread, its CPU time tells whether something took the processor away."""
        return self._threads == 1

    def prepare(self, item: OnnxFile, seed: int) -> Prepared:
        """Load a file and fix its input: standard normal values of the seed. PreparationError."""
        shape = (self._batch, *item.input_shape)
        x = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
        return open_model(item.content, x, self._threads)

    def session(self) -> AbstractContextManager[None]:
        """Nothing global: threads belong to each file's session."""
        return nullcontext()

    def versions(self) -> dict[str, str]:
        """Libraries whose version the latency depends on."""
        return {"onnxruntime": onnxruntime.__version__}
