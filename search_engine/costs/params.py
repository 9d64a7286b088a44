"""Number of trainable parameters."""

from search_engine.network import NetworkSpec
from search_engine.types import Origin


class Params:
    """Weights, biases and affine norm parameters."""

    metric = "params"
    origin: Origin = "analytic"

    def predict(self, network: NetworkSpec) -> float:
        """A count."""
        return float(network.params)
