"""Pooling shapes against PyTorch for all small windows."""

import itertools

import pytest
import torch

from search_engine.errors import ShapeError
from search_engine.nn.pool import AvgPool as AvgPoolModule
from search_engine.ops.pool import AvgPool

WINDOWS = [
    (side, kernel, stride, padding, ceil)
    for side, kernel, stride, ceil in itertools.product(
        (1, 2, 5, 8), (1, 2, 3, 5), (1, 2, 3), (False, True)
    )
    for padding in range(kernel // 2 + 1)
    if side + 2 * padding >= kernel
]


@pytest.mark.parametrize(("side", "kernel", "stride", "padding", "ceil"), WINDOWS)
def test_positions_are_those_of_pytorch(side, kernel, stride, padding, ceil):
    full = AvgPool.complete({"kernel": kernel, "stride": stride, "padding": padding, "ceil": ceil})
    reference = torch.nn.functional.avg_pool2d(
        torch.zeros(1, 1, side, side), kernel, stride, padding, ceil_mode=ceil
    )
    assert AvgPool.shape(full, [(1, side, side)]) == tuple(reference.shape[1:])


def test_padding_is_not_counted():
    full = AvgPool.complete({"kernel": 3})
    module = AvgPoolModule(full, [(1, 4, 4)])
    assert torch.equal(module(torch.ones(1, 1, 4, 4)), torch.ones(1, 1, 4, 4))


def test_padding_beyond_half_a_window_is_refused():
    with pytest.raises(ShapeError, match="at most half"):
        AvgPool.shape(AvgPool.complete({"kernel": 2, "padding": 2}), [(1, 8, 8)])
