"""The graph holds every layer once, equal cells drawn once, skips as arcs."""

import pytest

from experiments.figures.blocks import MAX_LAYERS
from experiments.figures.graph import graph_svg
from tests.experiments.figures.examples import SVG, cells, chain, mbconv, parsed, texts


def layers(drawing):
    return [node for node in parsed(drawing).iter(f"{SVG}g") if node.get("class") == "layer"]


def drawn_nodes(drawing):
    return sorted(name for layer in layers(drawing) for name in layer.get("data-nodes").split())


@pytest.mark.parametrize("seed", range(5))
def test_every_layer_of_a_chain_of_blocks_is_drawn_once(seed):
    network = mbconv(seed)
    assert drawn_nodes(graph_svg(network)) == sorted(node.id for node in network.nodes)


def test_equal_cells_are_drawn_once_and_stand_for_all_their_layers():
    network = cells()
    drawing = graph_svg(network)
    assert drawn_nodes(drawing) == sorted(node.id for node in network.nodes)
    assert len(layers(drawing)) < len(network.nodes) / 4
    assert "Cell ×15" in texts(drawing)


def test_cells_without_parallel_layers_are_drawn_where_they_stand():
    network = cells(2, 0, 0, 0, 0, 2)
    drawing = graph_svg(network)
    assert drawn_nodes(drawing) == sorted(node.id for node in network.nodes)


def test_residual_blocks_have_an_arc_and_a_merge():
    network = next(n for n in map(mbconv, range(20)) if any(x.op == "add" for x in n.nodes))
    root = parsed(graph_svg(network))
    arcs = [path for path in root.iter(f"{SVG}path") if path.get("class") == "edge skip"]
    merges = list(root.iter(f"{SVG}circle"))
    assert len(arcs) >= 1
    assert len(merges) >= 1


def test_layers_say_what_they_mix_and_what_they_cost():
    network = mbconv()
    for layer in layers(graph_svg(network)):
        assert "→" in layer.find(f"{SVG}title").text
        assert "MACs" in layer.find(f"{SVG}desc").text
        assert layer.get("tabindex") == "0"
    assert {"C", "HW", "C+HW"} <= set(texts(graph_svg(network)))


def test_shapes_stand_on_edges_where_they_change():
    words = texts(graph_svg(cells()))
    assert "3×32²" in words
    assert "32×16²" in words


def test_nothing_leaves_the_picture():
    for network in (mbconv(1), cells(), chain(30)):
        root = parsed(graph_svg(network))
        width, height = (float(root.get(name)) for name in ("width", "height"))
        for box in root.iter(f"{SVG}rect"):
            assert float(box.get("x")) >= 0
            assert float(box.get("x")) + float(box.get("width")) <= width + 1
            assert float(box.get("y")) + float(box.get("height")) <= height + 1


def test_a_huge_network_stays_folded():
    drawing = graph_svg(chain(MAX_LAYERS + 1))
    assert layers(drawing) == []
    assert len(drawing) < 1_500_000


def test_labels_are_escaped():
    drawing = graph_svg(chain(1, label="a<b&c"))
    assert "A<b&c" in texts(drawing) or "a<b&c" in texts(drawing)
