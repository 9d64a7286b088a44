"""Export formats: one file each; this table is the only list of them."""

from search_engine.protocols import Exporter
from search_engine.registry import Entry, Registry

EXPORTERS: Registry[Exporter] = Registry(
    "exporter",
    Entry(
        "onnx",
        "ONNX",
        "search_engine.exporters.onnx:OnnxExporter",
        "Runs in ONNX Runtime and most deployment tools; checked to 1e-4 before it is offered.",
    ),
)
