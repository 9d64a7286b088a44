"""Activations and norms by the names that layer attributes use."""

from torch import nn

# None is in-place: inputs may be shared by branches, and hooks must see true inputs.
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "hswish": nn.Hardswish,
}


def activation(name: str) -> nn.Module | None:
    """The module of an activation; None for `none`."""
    return None if name == "none" else ACTIVATIONS[name]()


def norm(name: str, channels: int) -> nn.Module | None:
    """The norm over `channels` feature maps; None for `none`."""
    return nn.BatchNorm2d(channels) if name == "batch" else None
