"""Counts parameters and MACs of a module while it runs: the independent witness."""

import torch
from torch import nn


def counted(module: nn.Module, shape: tuple[int, ...]) -> tuple[int, int]:
    """(trainable parameters, MACs of convolutions and linear layers for one sample)."""
    macs = []

    def conv(layer, inputs, output):
        kernel = layer.kernel_size[0] * layer.kernel_size[1] * layer.in_channels // layer.groups
        macs.append(kernel * output[0].numel())

    def linear(layer, inputs, output):
        macs.append(layer.in_features * output[0].numel())

    handles = [
        part.register_forward_hook(conv if isinstance(part, nn.Conv2d) else linear)
        for part in module.modules()
        if isinstance(part, nn.Conv2d | nn.Linear)
    ]
    module.eval()
    with torch.no_grad():
        module(torch.zeros(1, *shape))
    for handle in handles:
        handle.remove()
    params = sum(p.numel() for p in module.parameters() if p.requires_grad)
    return params, sum(macs)


def stored(module: nn.Module) -> int:
    """Parameters and floating-point buffers."""
    buffers = sum(b.numel() for b in module.buffers() if b.is_floating_point())
    return sum(p.numel() for p in module.parameters()) + buffers
