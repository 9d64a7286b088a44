"""Sums, concatenations and zeros."""

import pytest
import torch

from search_engine.errors import ShapeError
from search_engine.nn import merge as modules
from search_engine.ops.merge import Add, Concat, Identity, Zero


def test_a_sum_needs_equal_shapes():
    with pytest.raises(ShapeError, match=r"\(4, 8, 8\), \(4, 4, 4\)"):
        Add.shape({}, [(4, 8, 8), (4, 4, 4)])


def test_a_concatenation_needs_equal_sides():
    assert Concat.shape({}, [(4, 8, 8), (3, 8, 8)]) == (7, 8, 8)
    with pytest.raises(ShapeError, match="equal height and width"):
        Concat.shape({}, [(4, 8, 8), (4, 4, 4)])


def test_zero_is_zero_even_of_infinity():
    module = modules.Zero(Zero.complete({"stride": 2}), [(2, 5, 5)])
    assert torch.equal(module(torch.full((1, 2, 5, 5), torch.inf)), torch.zeros(1, 2, 3, 3))


def test_values_of_sum_concatenation_and_identity():
    x, y = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    shapes = [(3, 4, 4)] * 3
    assert torch.allclose(modules.Add({}, shapes)(x, y, x), 2 * x + y)
    assert torch.equal(modules.Concat({}, shapes)(x, y)[:, 3:], y)
    assert modules.Identity(Identity.complete({}), shapes)(x) is x


def test_only_the_order_of_a_sum_does_not_matter():
    assert Add.symmetric
    assert not Concat.symmetric
