"""Rows of layers and blocks add up to the network."""

import pytest

from experiments.figures.layers import block_rows, channels, layer_rows, side, signature, tensor
from tests.experiments.figures.examples import cells, chain, mbconv


@pytest.mark.parametrize("network", [mbconv(), cells(), chain(3)], ids=["mbconv", "cells", "chain"])
def test_costs_of_the_layers_are_those_of_the_network(network):
    rows = layer_rows(network)
    assert sum(row.params for row in rows) == network.params
    assert sum(row.macs for row in rows) == network.macs
    assert sum(row.share for row in rows) == pytest.approx(1)


@pytest.mark.parametrize("network", [mbconv(), cells()], ids=["mbconv", "cells"])
def test_blocks_stand_for_all_layers(network):
    rows = block_rows(network)
    assert sum(row.macs * row.repeats for row in rows) == network.macs
    assert sum(row.params * row.repeats for row in rows) == network.params
    assert all(len(row.same) == row.repeats for row in rows)


def test_equal_cells_of_different_width_share_a_signature_but_no_row():
    rows = [row for row in block_rows(cells()) if row.repeats == 5]
    assert len(rows) == 3
    assert len({signature(row) for row in rows}) == 1
    assert len({row.shape for row in rows}) == 3


def test_layers_outside_blocks_are_blocks_of_their_own():
    draft = chain(1)
    rows = block_rows(draft)
    assert len(rows) == 1


def test_shapes_read_well():
    assert (channels((24, 8, 8)), side((24, 8, 8)), tensor((24, 8, 8))) == ("24 ch", "8²", "24×8²")
    assert (side((3, 8, 6)), tensor((3, 8, 6))) == ("8×6", "3×8×6")
    assert (channels((10,)), side((10,)), tensor((10,))) == ("10", "", "10")
