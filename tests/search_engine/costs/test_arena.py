"""Peak memory and arenas: properties M1 to M5."""

from math import prod

import numpy as np
import pytest
import torch

from search_engine.costs.arena import (
    Buffer,
    exact_order,
    greedy_order,
    placed,
    plan_memory,
    schedule_peak,
)
from search_engine.costs.peak_memory import peak_bytes
from search_engine.errors import PredictorError
from search_engine.network import NetworkDraft
from search_engine.nn.builder import build
from search_engine.spaces.compiler import compile_space

SPACES = [compile_space("mbconv-tiny"), compile_space("nasbench201")]


def draws(count, seed=0):
    rng = np.random.default_rng(seed)
    return [space.decode(space.sample(rng)) for space in SPACES for _ in range(count)]


def random_dag(rng, layers=9):
    """Layers of different widths, each reading one or two earlier tensors at random."""
    draft = NetworkDraft((4, 4, 4))
    made = [draft.input]
    for _ in range(layers):
        width = int(rng.choice([1, 4, 16, 64]))
        read = [made[i] for i in {int(rng.integers(len(made))) for _ in range(2)}]
        x = read[0] if len(read) == 1 else draft.add("concat", *read)
        made.append(draft.add("conv", x, out_channels=width, kernel=1))
    return draft.finish(draft.add("concat", *made[-3:]))


def wide_then_narrow():
    """Two branches with wide middles: running one after the other needs less than in turn."""
    draft = NetworkDraft((1, 8, 8))
    a = draft.add("conv", draft.input, out_channels=64, kernel=3)
    b = draft.add("conv", draft.input, out_channels=64, kernel=5)
    a = draft.add("conv", a, out_channels=1, kernel=1)
    b = draft.add("conv", b, out_channels=1, kernel=1)
    return draft.finish(draft.add("concat", a, b))


def test_m1_m2_the_peak_lies_between_one_layer_and_all_tensors():
    for network in draws(10):
        peak = peak_bytes(network, in_place=False)
        largest = max(
            4 * (sum(map(prod, shapes)) + prod(node.shape))
            for node, shapes in network.walk()
            if node.op not in ("identity", "add")
        )
        assert largest <= peak
        inside = max(4 * prod(shape) for shape in network.shapes.values())
        assert peak <= 4 * sum(map(prod, network.shapes.values())) + inside


def test_m3_the_exact_order_needs_no_more_than_the_greedy_one():
    better = 0
    for seed in range(25):
        network = random_dag(np.random.default_rng(seed))
        exact, greedy = exact_order(network), greedy_order(network)
        assert sorted(exact) == sorted(greedy) == sorted(n.id for n in network.nodes)
        peaks = [schedule_peak(network, order) for order in (exact, greedy)]
        assert peaks[0] <= peaks[1]
        assert peaks[0] <= schedule_peak(network, [n.id for n in network.nodes])
        better += peaks[0] < peaks[1]
    assert better > 0


def test_m3_branches_with_wide_middles_run_one_after_the_other():
    network = wide_then_narrow()
    plain, best = plan_memory(network), plan_memory(network, reorder=True)
    assert plain.peak_bytes == 4 * 64 * (1 + 64 + 64)
    assert best.peak_bytes == 4 * 64 * (1 + 1 + 64)
    assert best.exact
    assert not plain.exact


def test_a_large_network_is_reordered_greedily_and_never_for_the_worse():
    for network in draws(3):
        best = plan_memory(network, reorder=True)
        assert best.peak_bytes <= plan_memory(network).peak_bytes
        assert best.exact == (len(network.nodes) <= 20)


def test_m4_half_the_width_needs_half_the_memory():
    for network in draws(3):
        full, half, byte = (plan_memory(network, dtype=d) for d in ("fp32", "fp16", "int8"))
        assert full.peak_bytes == 2 * half.peak_bytes == 4 * byte.peak_bytes
        assert full.arena_bytes == 2 * half.arena_bytes
        assert full.weight_bytes == 4 * byte.weight_bytes


@pytest.mark.parametrize("seed", range(6))
def test_no_two_live_buffers_overlap_and_the_arena_holds_the_peak(seed):
    network = random_dag(np.random.default_rng(seed), layers=14)
    plan = plan_memory(network, reorder=seed % 2 == 0)
    for one in plan.buffers:
        for two in plan.buffers:
            live = one.name != two.name and one.first <= two.last and two.first <= one.last
            assert not (live and one.offset < two.end and two.offset < one.end)
    assert plan.fragmentation >= 1
    assert plan.arena_bytes == max(buffer.end for buffer in plan.buffers)


def test_a_gap_is_filled_before_the_arena_grows():
    buffers = [Buffer("a", 8, 0, 1), Buffer("b", 6, 0, 3), Buffer("c", 5, 2, 3)]
    found = {buffer.name: buffer.offset for buffer in placed(buffers)}
    assert found == {"a": 0, "b": 8, "c": 0}


def test_golden_residual_block():
    draft = NetworkDraft((64, 56, 56))
    x = draft.add("conv", draft.input, out_channels=64, kernel=3)
    x = draft.add("conv", x, out_channels=64, kernel=3, activation="none")
    network = draft.finish(draft.add("add", x, draft.input))
    assert plan_memory(network).peak_bytes == plan_memory(network).arena_bytes == 3 * 802_816


def test_feasibility_counts_weights_in_flash_or_beside_the_maps():
    plan = plan_memory(wide_then_narrow(), dtype="int8")
    maps, weights = plan.arena_bytes, plan.weight_bytes
    assert plan.fits(maps, weights)
    assert not plan.fits(maps - 1, weights)
    assert not plan.fits(maps, weights - 1)
    assert plan.fits(maps + weights)
    assert not plan.fits(maps + weights - 1)
    with pytest.raises(PredictorError, match="Known: fp32"):
        plan_memory(wide_then_narrow(), dtype="int3")


def test_m5_the_peak_is_what_pytorch_allocates():
    """Layers without scratch memory of their own: what a kernel needs inside is not planned."""
    draft = NetworkDraft((16, 64, 64))
    x = draft.add("concat", *[draft.add("avg_pool", draft.input) for _ in range(3)])
    y = draft.add("avg_pool", draft.add("avg_pool", x))
    z = draft.add("avg_pool", draft.add("add", x, y), kernel=2, stride=2)
    network = draft.finish(draft.add("head", z, outputs=10))
    module = build(network).eval()
    data = torch.zeros(1, 16, 64, 64)
    with torch.inference_mode():
        module(data)
        activities = [torch.profiler.ProfilerActivity.CPU]
        with torch.profiler.profile(activities=activities, profile_memory=True) as profile:
            module(data)
    sizes = [size for _, size in sorted(allocations(profile))]
    # At the peak, a sum, the input (which the caller holds) counts for neither.
    assert np.cumsum(sizes).max() == pytest.approx(peak_bytes(network, in_place=False), rel=0.1)


def allocations(profile):
    """(time, signed bytes) of everything that the CPU allocator was asked for."""
    waiting = list(profile.profiler.kineto_results.experimental_event_tree())
    while waiting:
        event = waiting.pop()
        waiting += event.children
        if event.tag.name == "Allocation":
            yield event.start_time_ns, event.extra_fields.alloc_size
