"""ONNX: one self-contained file that was run before it is offered."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from search_engine.config import Config
from search_engine.network import NetworkSpec

if TYPE_CHECKING:
    from torch import Tensor


class OnnxConfig(Config):
    """Settings of the ONNX export."""

    opset: int = Field(
        18, ge=18, le=23, description="Operator set; a lower one suits older deployment tools."
    )


class OnnxExporter:
    """Writes one file with float32 weights and a free batch axis, checked in ONNX Runtime.

    The file's metadata say what it is (architecture hash, search space, genes) and whatever facts
    the caller adds, such as class names and the normalisation of the input; values are JSON.
    """

    config_class = OnnxConfig
    extension: ClassVar[str] = ".onnx"

    def __init__(self, config: OnnxConfig) -> None:
        self._config = config

    def export(
        self,
        network: NetworkSpec,
        state: "Mapping[str, Tensor]",
        path: Path,
        *,
        facts: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Write the file, run it in ONNX Runtime and compare it with PyTorch.

        Args:
            network: the architecture.
            state: its trained weights by name.
            path: where the file goes; its folder exists. After an error it is as it was before.
            facts: JSON-able values to store in the file by name.

        Returns:
            What was checked: `max_abs_diff`, `tolerance`, `batches_checked`, `opset`, `bytes`,
            `inputs` and `outputs` with their shapes, versions of PyTorch and ONNX Runtime.

        Raises:
            ExportError: weights do not fit, a layer cannot be exported, the file cannot be
                written, or its outputs differ from PyTorch's by more than the tolerance.
        """
        # PyTorch and ONNX Runtime load when something is exported, not when a catalog lists.
        from search_engine.exporters.onnx_file import write_checked  # noqa: PLC0415

        return write_checked(network, state, path, opset=self._config.opset, facts=facts or {})
