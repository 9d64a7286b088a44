"""Random shift and mirror image of a batch, in one gather."""

import torch
from numpy.random import Generator
from torch import Tensor


def augment(x: Tensor, rng: Generator, *, shift_px: int, flip: bool) -> Tensor:
    """Move each image by up to `shift_px` pixels in both directions and mirror every second one.

    Pixels that move in from outside repeat the border, so no value is invented.

    Args:
        x: shape (B, C, H, W).
        rng: drawn from once per image and kind of change.
        shift_px: 0 leaves positions alone.
        flip: mirror left to right with probability 1/2.
    """
    if not shift_px and not flip:
        return x
    batch, channels, height, width = x.shape
    moves = torch.from_numpy(rng.integers(-shift_px, shift_px + 1, size=(2, batch, 1)))
    rows = (torch.arange(height) + moves[0]).clamp_(0, height - 1)  # (B, H)
    columns = (torch.arange(width) + moves[1]).clamp_(0, width - 1)  # (B, W)
    if flip:
        mirrored = torch.from_numpy(rng.integers(0, 2, size=(batch, 1), dtype="int64")).bool()
        columns = torch.where(mirrored, columns.flip(1), columns)
    samples = torch.arange(batch)[:, None, None, None]
    planes = torch.arange(channels)[:, None, None]
    return x[samples, planes, rows[:, None, :, None], columns[:, None, None, :]]
