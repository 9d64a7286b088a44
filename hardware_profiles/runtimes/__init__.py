"""What executes a network on this host: one file each; this table is the only list of them."""

from typing import Any

from hardware_profiles.runtimes.protocol import Runtime
from search_engine.costs.units import RuntimeRules
from search_engine.registry import Entry, Registry

RUNTIMES: Registry[Runtime] = Registry(
    "runtime",
    Entry(
        "pytorch",
        "PyTorch eager",
        "hardware_profiles.runtimes.pytorch:PyTorchRuntime",
        "Runs the module as Python calls it: no fusion; what a training script sees.",
    ),
    Entry(
        "torchscript",
        "TorchScript",
        "hardware_profiles.runtimes.torchscript:TorchScriptRuntime",
        "Traces and freezes: norms folded, no Python between layers.",
    ),
    Entry(
        "torch_compile",
        "torch.compile",
        "hardware_profiles.runtimes.torch_compile:TorchCompileRuntime",
        "Generates kernels for one network and shape; seconds to compile, a C++ compiler needed.",
        needs=("compiler",),
    ),
    Entry(
        "onnxruntime",
        "ONNX Runtime",
        "hardware_profiles.runtimes.onnx_runtime:OnnxRuntime",
        "Exports to ONNX, folds batch norms and fuses: what a deployed network sees.",
    ),
)


def rules_for(key: str, precision: str = "fp32") -> RuntimeRules:
    """What a runtime drops and fuses when it computes with numbers of a type.

    Raises:
        UnknownKeyError: no such runtime.
    """
    runtime: Any = RUNTIMES.resolve(key)
    rules: RuntimeRules = runtime.precision_rules.get(precision, runtime.rules)
    return rules
