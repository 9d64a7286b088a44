"""`torch.compile`: kernels generated for one network and one shape by Inductor."""

import os
import shutil
from typing import TYPE_CHECKING, ClassVar

from hardware_profiles.runtimes.protocol import CONV_KINDS, Accelerator
from hardware_profiles.runtimes.torch_family import TorchRuntime
from search_engine.costs.units import RuntimeRules

if TYPE_CHECKING:
    from hardware_profiles.runtimes.torch_running import Subject

_JOINED = ("add", "norm_act")


class TorchCompileRuntime(TorchRuntime):
    """Static shapes and frozen weights: norms fold, chains of cheap layers become one kernel.

    Compiling takes seconds per network and is no part of the latency; it is stored as the phases
    `trace_ms` and `compile_ms`. A recompilation during timing makes the result unstable.
    """

    rules: ClassVar[RuntimeRules] = RuntimeRules(
        "unused_output",
        frozenset((kind, op) for kind in (*CONV_KINDS, *_JOINED) for op in _JOINED),
        shared_activations=True,
        merges=True,
    )

    @classmethod
    def available(cls, accelerator: Accelerator = "cpu") -> str:
        """Inductor writes C++ for the processor, so a compiler must be there."""
        if missing := super().available(accelerator):
            return missing
        if accelerator == "cpu" and compiler() is None:
            return (
                "torch.compile needs a C++ compiler on this host and found none. Install one "
                "(package g++ or clang), or set CXX to its path."
            )
        return ""

    def make(self, subject: "Subject") -> "Subject":
        """Compiled at once, not at the first run. PreparationError."""
        from hardware_profiles.runtimes import torch_compiling  # noqa: PLC0415

        return torch_compiling.compiled(subject)


def compiler() -> str | None:
    """Path of the C++ compiler that Inductor would call, or None."""
    named = os.environ.get("CXX")
    names = [named] if named else ["g++", "clang++", "c++"]
    return next((path for name in names if (path := shutil.which(name))), None)
