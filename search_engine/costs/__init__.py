"""Cost models that need no device: one file each; this table is the only list of them."""

from search_engine.protocols import CostModel
from search_engine.registry import Entry, Registry

COSTS: Registry[CostModel] = Registry(
    "cost model",
    Entry("params", "Parameters", "search_engine.costs.params:Params", "Trainable parameters."),
    Entry("macs", "MACs", "search_engine.costs.macs:Macs", "Multiply-accumulates, batch 1."),
    Entry(
        "peak_memory_mib",
        "Peak activation memory",
        "search_engine.costs.peak_memory:PeakMemory",
        "Largest sum of live tensors over the execution order, fp32, batch 1.",
    ),
    Entry(
        "weight_size_mib",
        "Weight size",
        "search_engine.costs.weight_size:WeightSize",
        "Parameters and buffers at 4 bytes.",
    ),
)
