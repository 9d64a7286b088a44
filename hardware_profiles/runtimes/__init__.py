"""What executes a network on this host: one file each; this table is the only list of them."""

from hardware_profiles.runtimes.protocol import Runtime
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
        "onnxruntime",
        "ONNX Runtime",
        "hardware_profiles.runtimes.onnx_runtime:OnnxRuntime",
        "Exports to ONNX, folds batch norms and fuses: what a deployed network sees.",
    ),
)
