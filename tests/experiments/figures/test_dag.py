"""Layers of a block never overlap, and edges that pass over others have a lane of their own."""

from itertools import product

import pytest

from experiments.figures.dag import ENTRY, place
from experiments.figures.layers import block_rows
from tests.experiments.figures.examples import cells, mbconv


def blocks():
    genes = [g for g in product(range(5), repeat=6) if sum(g) % 37 == 5][:25]
    networks = [*(mbconv(seed) for seed in range(4)), *(cells(*g) for g in genes)]
    return [row.layers for network in networks for row in block_rows(network)]


@pytest.fixture(scope="module")
def placed():
    return [(layers, place(layers)) for layers in blocks()]


def test_no_two_layers_share_a_place(placed):
    for layers, at in placed:
        places = [(at.column[layer.id], at.lane[layer.id]) for layer in layers]
        assert len(set(places)) == len(places)


def test_every_edge_goes_to_the_right(placed):
    for _, at in placed:
        for edge in at.edges:
            start = -1 if edge.source == ENTRY else at.column[edge.source]
            assert start < at.column[edge.target]


def test_an_edge_that_passes_over_columns_hits_no_layer(placed):
    for layers, at in placed:
        taken = {(at.column[layer.id], at.lane[layer.id]) for layer in layers}
        for edge in at.edges:
            start = -1 if edge.source == ENTRY else at.column[edge.source]
            lane = edge.lane
            if lane is None:
                lane = 0 if edge.source == ENTRY else at.lane[edge.source]
            passed = {(column, lane) for column in range(start + 1, at.column[edge.target])}
            assert not passed & taken


def test_all_inputs_of_all_layers_are_edges(placed):
    for layers, at in placed:
        assert len(at.edges) == sum(len(layer.node.inputs) for layer in layers)


def test_a_chain_stays_on_one_lane():
    row = block_rows(mbconv())[0]
    at = place(row.layers)
    assert set(at.lane.values()) == {0}
    assert not at.branches
