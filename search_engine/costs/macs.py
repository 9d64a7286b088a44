"""Multiply-accumulates of one forward pass."""

from search_engine.network import NetworkSpec
from search_engine.types import Origin


class Macs:
    """Multiply-accumulates of convolutions and linear layers for one sample; 1 MAC = 2 FLOP.

    Norms (folded at inference), activations, pools, sums and biases count nothing. NAS papers
    print this number as "FLOPs"; NAS-Bench-201 also adds the classifier's 10 biases, we do not.
    """

    metric = "macs"
    origin: Origin = "analytic"

    def predict(self, network: NetworkSpec) -> float:
        """A count."""
        return float(network.macs)
