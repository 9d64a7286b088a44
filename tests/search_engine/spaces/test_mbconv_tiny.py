"""The built-in `mbconv-tiny`: exact size, range of sizes, resolutions, structure of a block."""

import copy
import itertools

import numpy as np
import pytest

from search_engine.errors import SpaceError
from search_engine.spaces.compiler import compile_space
from search_engine.spaces.mbconv_tiny import DOCUMENT


def repeated(choices, depths):
    """Gene tuples of a repeat: each copy chooses for itself."""
    return sum(choices**depth for depth in depths)


def test_size_is_the_closed_product():
    block = 3 * 3 * 2  # kernel, expansion, attention
    stages = [3 * repeated(block, depths) for depths in ([1, 2], [1, 2, 3], [1, 2, 3])]
    assert compile_space("mbconv-tiny").size == 3 * np.prod(stages)


def test_size_of_a_reduced_version_equals_enumeration():
    reduced = copy.deepcopy(DOCUMENT)
    reduced["network"] = [reduced["network"][0], *reduced["network"][-2:]]
    reduced["network"][1]["variables"]["depth"]["choice"] = [1, 2]
    space = compile_space(reduced)
    every = {
        space.canonical(genes) for genes in itertools.product(*map(range, space.cardinalities))
    }
    assert space.size == 3 * 3 * (18 + 18**2) == len(every)
    assert {space.at(i) for i in range(space.size)} == every


def test_networks_reach_from_a_few_thousand_parameters_to_over_200_thousand():
    space = compile_space("mbconv-tiny")
    smallest = space.decode(tuple(0 for _ in space.variables))
    largest = space.decode(tuple(count - 1 for count in space.cardinalities))
    assert smallest.params < 4_000
    assert 200_000 < largest.params < 400_000
    rng = np.random.default_rng(0)
    middle = np.median([space.decode(space.sample(rng)).params for _ in range(200)])
    assert 20_000 < middle < 150_000


@pytest.mark.parametrize(
    ("side", "sides"),
    [
        (8, [8, 4, 4, 4]),
        (16, [16, 8, 4, 4]),
        (28, [28, 14, 7, 4]),
        (32, [32, 16, 8, 4]),
        (64, [32, 16, 8, 4]),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_maps_shrink_to_four_pixels(side, sides, channels):
    space = compile_space("mbconv-tiny", input_shape=(channels, side, side))
    network = space.decode(tuple(count - 1 for count in space.cardinalities))
    last = {node.block: node.shape[1] for node in network.nodes[:-1]}
    by_stage = {block.stage: last[block.id] for block in network.blocks[:-1]}
    assert list(by_stage.values()) == sides


@pytest.mark.parametrize("shape", [(2, 8, 8), (1, 7, 8), (3, 65, 64)])
def test_inputs_outside_its_range_are_refused(shape):
    with pytest.raises(SpaceError, match="This space reads"):
        compile_space("mbconv-tiny", input_shape=shape)


def test_a_block_is_the_papers_inverted_residual():
    space = compile_space("mbconv-tiny")
    choices = space.choices(tuple(count - 1 for count in space.cardinalities))
    choices |= {"stage2.block2.kernel": 5, "stage2.block2.expansion": 3, "stage2.block2.se": True}
    network = space.decode(space.encode(choices))
    block = next(b for b in network.blocks if b.id == "stage2_block2")
    layers = [n for n in network.nodes if n.block == block.id]
    assert [n.op for n in layers] == ["conv", "conv", "squeeze_excite", "conv", "add"]
    expand, depthwise, _, project, total = layers
    assert expand.shape[0] == 3 * 32
    assert (depthwise.attributes["kernel"], depthwise.attributes["groups"]) == (5, 96)
    assert project.attributes["activation"] == "none"
    assert set(total.inputs) == {project.id, expand.inputs[0]}
    assert (block.kind, block.label, block.stage) == ("mbconv", "MB 5×5 e3 w32", "Stage 2")
    assert dict(block.choices) == {
        "stage2.width": 32,
        "stage2.block2.kernel": 5,
        "stage2.block2.expansion": 3,
        "stage2.block2.se": True,
    }
