"""What the three PyTorch runtimes share. Facts need no PyTorch; it loads when a network is run."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from hardware_profiles.errors import PreparationError
from hardware_profiles.runtimes.protocol import Accelerator, Precision, Prepared, RuntimeConfig
from search_engine.costs.units import RuntimeRules
from search_engine.network import NetworkSpec

if TYPE_CHECKING:
    from hardware_profiles.runtimes.torch_running import Subject


class TorchRuntime:
    """Threads are a global setting of PyTorch, so they are set for a session and then put back."""

    config_class: ClassVar[type[RuntimeConfig]] = RuntimeConfig
    precisions: ClassVar[tuple[Precision, ...]] = ("fp32", "bf16")
    accelerators: ClassVar[tuple[Accelerator, ...]] = ("cpu", "cuda")
    rules: ClassVar[RuntimeRules] = RuntimeRules()
    precision_rules: ClassVar[Mapping[Precision, RuntimeRules]] = {}

    def __init__(self, config: RuntimeConfig) -> None:
        self._config = config

    @classmethod
    def available(cls, accelerator: Accelerator = "cpu") -> str:
        """Why it cannot run here, or nothing."""
        if find_spec("torch") is None:
            return "PyTorch is not installed here. Install it with `pip install torch`."
        if accelerator == "cuda":
            from hardware_profiles.runtimes.torch_running import cuda_missing  # noqa: PLC0415

            return cuda_missing()
        return ""

    @property
    def on_calling_thread(self) -> bool:
        return self._config.threads == 1 and self._config.accelerator == "cpu"

    def prepare(self, network: NetworkSpec, seed: int) -> Prepared:
        """Build the module in its form and fix its input. PreparationError."""
        if missing := self.available(self._config.accelerator):
            raise PreparationError(missing)
        from hardware_profiles.runtimes import torch_running  # noqa: PLC0415

        return torch_running.prepare(network, seed, self._config, self.make)

    def make(self, subject: "Subject") -> "Subject":
        """The module in the form in which this runtime runs it."""
        return subject

    @contextmanager
    def session(self) -> Iterator[None]:
        """`threads` threads per operator, no gradients and no version counters."""
        from hardware_profiles.runtimes import torch_running  # noqa: PLC0415

        with torch_running.session(self._config):
            yield

    def versions(self) -> Mapping[str, str]:
        from hardware_profiles.runtimes import torch_running  # noqa: PLC0415

        return torch_running.versions(self._config)
