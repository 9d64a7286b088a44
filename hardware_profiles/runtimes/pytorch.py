"""PyTorch eager: the module as Python calls it, under `torch.inference_mode()`."""

from hardware_profiles.runtimes.torch_family import TorchRuntime


class PyTorchRuntime(TorchRuntime):
    """Runs every layer of the network, one kernel after the other: what a training script sees."""
