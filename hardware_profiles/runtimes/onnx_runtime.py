"""ONNX Runtime on the CPU: the network as deployed, norms folded, layers fused, fp32 or int8."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from hardware_profiles.runtimes.protocol import (
    CONV_KINDS,
    Accelerator,
    Precision,
    Prepared,
    RuntimeConfig,
)
from search_engine.costs.units import Liveness, RuntimeRules
from search_engine.network import NetworkSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NORMS = frozenset((kind, "norm_act") for kind in CONV_KINDS)
_SUMS = frozenset((kind, "add") for kind in CONV_KINDS)


_UNUSED: Liveness = "unused_output"


def block_of(cpu_flags: str) -> int:
    """Channels per block of the blocked convolutions that ONNX Runtime has for x86 processors.

    Args:
        cpu_flags: the text of `/proc/cpuinfo`, or nothing.
    """
    words = frozenset(cpu_flags.split())
    return 16 if "avx512f" in words else 8 if "avx" in words else 0


def _cpu_flags() -> str:
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""


class OnnxRuntime:
    """One session per network, sequential execution; idle threads sleep instead of spinning.

    A layer that nobody reads is dropped. Layers that compute on zeros are run, because the batch
    axis is free and zeros of unknown size are no constant. Equal layers without weights run once,
    an activation before several convolutions too. In fp32 a sum runs within a linear convolution
    that makes one of its terms, and maps are blocked by channels; in int8 sums run by themselves,
    and zeros are made in float and converted for their readers.

    Args:
        calibration: inputs (n, *input shape) from which int8 takes the ranges of activations;
            without them seeded standard normal ones are used. Which it was is in the facts.
    """

    config_class: ClassVar[type[RuntimeConfig]] = RuntimeConfig
    precisions: ClassVar[tuple[Precision, ...]] = ("fp32", "int8")
    accelerators: ClassVar[tuple[Accelerator, ...]] = ("cpu",)
    rules: ClassVar[RuntimeRules] = RuntimeRules(
        _UNUSED, _NORMS | _SUMS, shared_activations=True, block=block_of(_cpu_flags()), merges=True
    )
    precision_rules: ClassVar[Mapping[Precision, RuntimeRules]] = {
        "int8": RuntimeRules(_UNUSED, shared_activations=True, merges=True, zeros_apart=True)
    }

    def __init__(
        self, config: RuntimeConfig, calibration: "NDArray[np.float32] | None" = None
    ) -> None:
        self._config, self._calibration = config, calibration

    @classmethod
    def available(cls, accelerator: Accelerator = "cpu") -> str:
        """Why it cannot run here, or nothing."""
        if find_spec("onnxruntime") is None:
            return "ONNX Runtime is not installed here. Install it with `pip install onnxruntime`."
        if accelerator not in cls.accelerators:
            return "ONNX Runtime is offered on the processor only. Choose `cpu`."
        return ""

    @property
    def on_calling_thread(self) -> bool:
        return self._config.threads == 1

    def prepare(self, network: NetworkSpec, seed: int) -> Prepared:
        """Write the model, load and optimise it. PreparationError."""
        from hardware_profiles.runtimes import onnx_running  # noqa: PLC0415

        return onnx_running.prepare(network, seed, self._config, self._calibration)

    @contextmanager
    def session(self) -> Iterator[None]:
        """Nothing global: threads belong to each network's session."""
        yield

    def versions(self) -> Mapping[str, str]:
        import onnxruntime  # noqa: PLC0415

        return {"onnxruntime": onnxruntime.__version__}
