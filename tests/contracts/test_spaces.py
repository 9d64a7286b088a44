"""What every built-in search space promises."""

import json
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from search_engine.errors import SpaceError, UnknownKeyError
from search_engine.network import NetworkSpec
from search_engine.nn.builder import build
from search_engine.spaces import SPACES
from search_engine.spaces.compiler import compile_space, parse_document, validate_document

TINY = {"mbconv-tiny": (1, 8, 8), "nasbench201": (1, 8, 8)}
every_space = pytest.mark.parametrize("key", SPACES.keys())


@st.composite
def any_genes(draw, space):
    """Valid genes, canonical or not."""
    return tuple(draw(st.integers(0, count - 1)) for count in space.cardinalities)


@every_space
def test_document_is_plain_data_and_names_itself(key):
    document = SPACES.resolve(key)
    assert document["name"] == key
    again = parse_document(json.dumps(document))
    assert again == json.loads(json.dumps(document))
    validate_document(again)
    space = compile_space(key)
    assert (space.key, space.version) == (key, document["version"])
    assert space.checksum == compile_space(again).checksum
    assert space.label == SPACES.entry(key).label


@every_space
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_canonical_is_idempotent_and_keeps_the_network(key, data):
    space = compile_space(key)
    genes = data.draw(any_genes(space))
    canonical = space.canonical(genes)
    assert space.canonical(canonical) == canonical
    assert space.active(genes) == space.active(canonical)
    assert space.decode(genes).nodes == space.decode(canonical).nodes
    assert space.decode(genes).genes == canonical
    assert all(on or gene == 0 for gene, on in zip(canonical, space.active(genes), strict=True))


@every_space
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_choices_encode_back(key, data):
    space = compile_space(key)
    genes = space.canonical(data.draw(any_genes(space)))
    choices = json.loads(json.dumps(space.choices(genes)))
    assert space.encode(choices) == genes
    everything = {
        variable.name: variable.choices[gene]
        for variable, gene in zip(space.variables, genes, strict=True)
    }
    assert space.encode(everything) == genes  # values of inactive variables are ignored


@every_space
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_networks_survive_json(key, data):
    space = compile_space(key)
    network = space.decode(data.draw(any_genes(space)))
    again = NetworkSpec.from_json(json.loads(json.dumps(network.to_json())))
    assert again == network
    assert again.to_json() == network.to_json()
    assert space.decode(again.genes) == again


@every_space
def test_sampled_networks_build_run_and_count(key):
    space = compile_space(key, input_shape=TINY[key], classes=6)
    rng = np.random.default_rng(11)
    for _ in range(12):
        network = space.decode(space.sample(rng))
        module = build(network)
        x = torch.randn(3, *space.input_shape)
        logits = module(x)
        logits.square().sum().backward()
        assert logits.shape == (3, 6)
        assert torch.isfinite(logits).all()
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        assert all(torch.isfinite(gradient).all() for gradient in gradients)
        assert network.params == sum(p.numel() for p in module.parameters())


@every_space
def test_variables_depend_on_earlier_ones_only(key):
    space = compile_space(key)
    known = {}
    for variable, count in zip(space.variables, space.cardinalities, strict=True):
        assert variable.name not in known
        assert len(variable.choices) == count > 1
        for name, values in variable.active_if:
            assert set(values) < set(known[name])
        known[variable.name] = variable.choices


@every_space
def test_active_is_what_the_conditions_say(key):
    space = compile_space(key)
    rng = np.random.default_rng(2)
    for _ in range(50):
        genes = tuple(int(rng.integers(count)) for count in space.cardinalities)
        values = {v.name: v.choices[g] for v, g in zip(space.variables, genes, strict=True)}
        expected = tuple(
            all(values[name] in allowed for name, allowed in v.active_if) for v in space.variables
        )
        assert space.active(genes) == expected


@every_space
def test_sampling_is_uniform_over_canonical_genes(key):
    """The first variable's share must be its share of the numbering, counted in blocks."""
    space = compile_space(key)
    rng = np.random.default_rng(4)
    draws = [space.sample(rng) for _ in range(4000)]
    assert all(space.canonical(genes) == genes for genes in draws[:200])
    # Compare every gene's distribution with that of evenly spaced numbers of architectures.
    even = [space.at(space.size * i // 4000) for i in range(4000)]
    for index, count in enumerate(space.cardinalities):
        drawn, spaced = (Counter(genes[index] for genes in rows) for rows in (draws, even))
        for value in range(count):
            assert abs(drawn[value] - spaced[value]) < 5 * np.sqrt(4000) / 2 + 40


@every_space
def test_same_seed_same_sample(key):
    space = compile_space(key)
    first, second = (
        [space.sample(rng) for _ in range(5)]
        for rng in (np.random.default_rng(9), np.random.default_rng(9))
    )
    assert first == second


@every_space
def test_every_layer_belongs_to_a_block_with_words_for_drawing(key):
    space = compile_space(key)
    rng = np.random.default_rng(1)
    for _ in range(20):
        genes = space.sample(rng)
        network, choices = space.decode(genes), space.choices(genes)
        blocks = {block.id: block for block in network.blocks}
        assert len(blocks) == len(network.blocks)
        assert {node.block for node in network.nodes} == set(blocks)
        for block in blocks.values():
            assert block.kind
            assert 0 < len(block.label) <= 24
            assert block.stage
            assert dict(block.choices).items() <= choices.items()


@every_space
@pytest.mark.parametrize(
    "spoil",
    [
        lambda genes: genes[:-1],
        lambda genes: (*genes, 0),
        lambda genes: (-1, *genes[1:]),
        lambda genes: (99, *genes[1:]),
        lambda genes: (1.0, *genes[1:]),
        lambda genes: (True, *genes[1:]),
        lambda genes: ("0", *genes[1:]),
    ],
)
def test_genes_that_are_none_are_refused(key, spoil):
    space = compile_space(key)
    genes = spoil(tuple(0 for _ in space.variables))
    for method in (space.canonical, space.active, space.decode, space.choices):
        with pytest.raises(SpaceError):
            method(genes)


@every_space
def test_choices_that_are_none_are_refused(key):
    space = compile_space(key)
    choices = space.choices(tuple(0 for _ in space.variables))
    name = space.variables[0].name
    with pytest.raises(SpaceError, match="No such variable"):
        space.encode({**choices, "nothing": 1})
    with pytest.raises(SpaceError, match="Allowed:"):
        space.encode({**choices, name: "nothing"})
    with pytest.raises(SpaceError, match=f"{name}: A value is required"):
        space.encode({k: v for k, v in choices.items() if k != name})


def test_an_unknown_space_lists_the_known_ones():
    with pytest.raises(UnknownKeyError, match="mbconv-tiny"):
        compile_space("warp-drive")


@every_space
@pytest.mark.parametrize("shape", [(3, 8), (0, 8, 8), (3, 8, -8), (3, 100_000, 8)])
def test_inputs_that_are_none_are_refused(key, shape):
    with pytest.raises(SpaceError):
        compile_space(key, input_shape=shape)
