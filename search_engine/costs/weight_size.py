"""Size of the stored weights."""

from search_engine.network import NetworkSpec
from search_engine.ops import OPS
from search_engine.types import Origin

BYTES = 4  # fp32
MIB = 2**20


class WeightSize:
    """Parameters and running statistics of norms at 4 bytes (batch counters not counted)."""

    metric = "weight_size_mib"
    origin: Origin = "analytic"

    def predict(self, network: NetworkSpec) -> float:
        """MiB"""
        buffers = sum(
            OPS.resolve(node.op).buffers(node.attributes, shapes) for node, shapes in network.walk()
        )
        return BYTES * (network.params + buffers) / MIB
