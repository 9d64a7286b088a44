"""Live sets: golden case, bounds, in-place rules, and the built module as witness."""

from math import prod

import numpy as np
import pytest

from search_engine.costs.peak_memory import PeakMemory, peak_bytes
from search_engine.network import NetworkDraft
from search_engine.spaces.compiler import compile_space

MAP = 4 * 64 * 56 * 56  # bytes of the golden case's tensors


def test_golden_residual_block():
    """Conv, ReLU, conv, add skip, ReLU on 64x56x56."""
    draft = NetworkDraft((64, 56, 56))
    first = draft.add("conv", draft.input, out_channels=64, norm="none")
    second = draft.add("conv", first, out_channels=64, norm="none", activation="none")
    total = draft.add("add", second, draft.input)
    network = draft.finish(draft.add("norm_act", total, norm="none"))
    assert MAP == 802_816
    assert peak_bytes(network) == 2_408_448 == 3 * MAP
    assert PeakMemory().predict(network) == 2_408_448 / 2**20


def test_a_chain_peaks_at_its_largest_pair():
    draft = NetworkDraft((1, 8, 8))
    x = draft.add("conv", draft.input, out_channels=16)
    x = draft.add("conv", x, out_channels=8, stride=2)
    network = draft.finish(draft.add("head", x, outputs=10))
    assert peak_bytes(network) == 4 * (16 * 64 + 8 * 16)


def test_an_operand_that_lives_on_is_not_overwritten():
    draft = NetworkDraft((4, 8, 8))
    left = draft.add("conv", draft.input, out_channels=4)
    total = draft.add("add", left, draft.input)
    both = draft.add("concat", total, left)  # reads left again: only the input may be taken over
    size = 4 * 4 * 64
    assert peak_bytes(draft.finish(both)) == 2 * size + 2 * size


def test_a_network_output_is_never_overwritten():
    draft = NetworkDraft((4, 8, 8))
    first = draft.add("conv", draft.input, out_channels=4)
    second = draft.add("norm_act", first)
    size = 4 * 4 * 64
    assert peak_bytes(draft.finish(second)) == 2 * size
    assert peak_bytes(draft.finish(second, first)) == 2 * size
    kept = NetworkDraft((4, 8, 8))
    a = kept.add("conv", kept.input, out_channels=4)
    b = kept.add("norm_act", a)
    c = kept.add("norm_act", b)
    assert peak_bytes(kept.finish(a, c)) == 2 * size


def test_an_identity_is_no_tensor_and_keeps_its_source_alive():
    draft = NetworkDraft((4, 8, 8))
    same = draft.add("identity", draft.input)
    other = draft.add("conv", draft.input, out_channels=4)
    last = draft.add("conv", other, out_channels=4)
    size = 4 * 4 * 64
    assert peak_bytes(draft.finish(draft.add("concat", last, same))) == 4 * size
    alone = NetworkDraft((4, 8, 8))
    assert peak_bytes(alone.finish(alone.add("identity", alone.input))) == size


@pytest.mark.parametrize("key", ["mbconv-tiny", "nasbench201"])
def test_between_the_largest_layer_and_all_tensors(key):
    space = compile_space(key)
    rng = np.random.default_rng(3)
    for _ in range(30):
        network = space.decode(space.sample(rng))
        sizes = {name: 4 * prod(shape) for name, shape in network.shapes.items()}
        inputs_and_output = [
            sum(sizes[name] for name in {*node.inputs, node.id})
            for node in network.nodes
            if node.op == "conv"
        ]
        assert max(inputs_and_output) <= peak_bytes(network) <= sum(sizes.values())
