"""Runs ONNX files on this machine: what the server's measuring code is given to time."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import onnxruntime

from hardware_profiles.errors import PreparationError
from hardware_profiles.onnx_session import open_session, prepare, standard_normal
from hardware_profiles.running import Prepared


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """A network as the server sent it.

    Attributes:
        digest: of the network, not of the file.
    """

    digest: str
    content: bytes


class OnnxRunner:
    """ONNX Runtime on the processor, `threads` threads per inference."""

    def __init__(self, threads: int, batch_size: int) -> None:
        self._threads, self._batch = threads, batch_size

    @property
    def on_calling_thread(self) -> bool:
        """With one thread, its CPU time tells whether something took the processor away."""
        return self._threads == 1

    def prepare(self, item: OnnxFile, seed: int) -> Prepared:
        """Load a file and fix its input. PreparationError."""
        session = open_session(item.content, self._threads, item.digest[:10])
        inputs = session.get_inputs()
        shape = inputs[0].shape[1:] if len(inputs) == 1 else []
        if not shape or not all(isinstance(side, int) for side in shape):
            raise PreparationError(
                f"Architecture {item.digest[:10]} needs one input of a fixed shape, has "
                f"{[found.shape for found in inputs]}."
            )
        return prepare(session, standard_normal((self._batch, *shape), seed))

    def session(self) -> AbstractContextManager[None]:
        """Nothing global: threads belong to each file's session."""
        return nullcontext()

    def versions(self) -> dict[str, str]:
        """Libraries whose version the latency depends on."""
        return {"onnxruntime": onnxruntime.__version__}
