"""TorchScript: the traced graph, frozen and rewritten for inference."""

from typing import TYPE_CHECKING, ClassVar

from hardware_profiles.runtimes.protocol import CONV_KINDS
from hardware_profiles.runtimes.torch_family import TorchRuntime
from search_engine.costs.units import RuntimeRules

if TYPE_CHECKING:
    from hardware_profiles.runtimes.torch_running import Subject


class TorchScriptRuntime(TorchRuntime):
    """Traces once per network; no Python runs between layers.

    Freezing folds norms into convolutions, and tracing drops layers that nobody reads. Equal
    layers without weights run once. Layers that compute on zeros are run; activations and sums
    stay kernels of their own.
    """

    rules: ClassVar[RuntimeRules] = RuntimeRules(
        "unused_output",
        frozenset((kind, "norm_act") for kind in CONV_KINDS),
        shared_activations=True,
        merges=True,
    )

    def make(self, subject: "Subject") -> "Subject":
        """Traced at the fixed input, so shapes are constants."""
        from hardware_profiles.runtimes import torch_running  # noqa: PLC0415

        return torch_running.traced(subject, cpu=self._config.accelerator == "cpu")
