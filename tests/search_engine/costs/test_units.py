"""Execution units: liveness, fusions, shared activations, layouts."""

import pytest

from search_engine.costs.units import RuntimeRules, Unit, units_of
from search_engine.network import NetworkDraft
from search_engine.spaces.compiler import compile_space

SUMS = frozenset({("conv", "add"), ("pointwise", "add")})
NORMS = frozenset({("conv", "norm_act"), ("pointwise", "norm_act")})


def ops(network, rules):
    return ["&".join((unit.op, *unit.fused)) for unit in units_of(network, rules)]


def branch():
    """Two convolutions that act first on one tensor, and their sum with it."""
    draft = NetworkDraft((16, 8, 8))
    x = draft.add("conv", draft.input, out_channels=16, kernel=3, activation="none")
    a = draft.add("conv", x, out_channels=16, kernel=3, order="act_conv_norm")
    b = draft.add("conv", x, out_channels=16, kernel=1, order="act_conv_norm")
    y = draft.add("add", a, b, x)
    return draft.finish(draft.add("head", y, outputs=10))


def test_each_layer_is_a_unit_without_rules_and_aliases_are_none():
    draft = NetworkDraft((3, 8, 8))
    x = draft.add("identity", draft.input)
    x = draft.add("conv", x, out_channels=8, kernel=3)
    network = draft.finish(draft.add("head", draft.add("dropout", x), outputs=10))
    assert ops(network, RuntimeRules()) == ["conv", "head"]


def test_an_activation_before_several_readers_runs_once():
    rules = RuntimeRules(shared_activations=True)
    assert ops(branch(), rules) == ["conv", "norm_act", "conv", "conv", "add", "head"]
    apart = units_of(branch(), rules)
    assert apart[2].attributes["activation"] == "none"
    assert sum(unit.macs for unit in apart) == branch().macs
    assert sum(unit.params for unit in apart) == branch().params


def test_sums_of_three_run_within_the_convolutions_that_feed_them():
    rules = RuntimeRules(fusions=SUMS, shared_activations=True)
    assert ops(branch(), rules) == ["conv", "norm_act", "conv&add", "conv", "add", "head"]
    fused = units_of(branch(), rules)[2]
    assert fused.inputs == ((16, 8, 8), (16, 8, 8))
    assert fused.own_inputs == ((16, 8, 8),)


def test_the_second_term_takes_the_sum_in_where_the_first_cannot():
    draft = NetworkDraft((16, 8, 8))
    a = draft.add("avg_pool", draft.input)
    b = draft.add("conv", draft.input, out_channels=16, kernel=3, activation="none")
    network = draft.finish(draft.add("add", a, b))
    assert ops(network, RuntimeRules(fusions=SUMS)) == ["avg_pool", "conv&add"]


def test_nothing_joins_behind_an_activation_nor_where_two_read():
    draft = NetworkDraft((16, 8, 8))
    a = draft.add("conv", draft.input, out_channels=16, kernel=3, activation="relu")
    network = draft.finish(draft.add("add", a, draft.input))
    assert ops(network, RuntimeRules(fusions=SUMS)) == ["conv", "add"]
    draft = NetworkDraft((16, 8, 8))
    a = draft.add("conv", draft.input, out_channels=16, kernel=3, activation="none")
    b = draft.add("add", a, draft.input)
    network = draft.finish(draft.add("add", a, b))
    assert ops(network, RuntimeRules(fusions=SUMS)) == ["conv", "add", "add"]


def test_an_activation_joins_the_convolution_before_it():
    draft = NetworkDraft((16, 8, 8))
    x = draft.add("conv", draft.input, out_channels=16, kernel=3, activation="none")
    x = draft.add("conv", x, out_channels=16, kernel=1, order="act_conv_norm")
    network = draft.finish(x)
    rules = RuntimeRules(fusions=NORMS, shared_activations=True)
    assert ops(network, rules) == ["conv&norm_act", "conv"]


def test_changes_of_layout_are_units_once_per_tensor():
    rules = RuntimeRules(block=16)
    draft = NetworkDraft((3, 8, 8))
    x = draft.add("conv", draft.input, out_channels=16, kernel=3)  # reads plain, makes blocked
    x = draft.add("squeeze_excite", x, ratio=4)  # plain on both sides
    a = draft.add("conv", x, out_channels=16, kernel=1)
    b = draft.add("conv", x, out_channels=16, kernel=3)
    network = draft.finish(draft.add("add", a, b))
    found = units_of(network, rules)
    assert [unit.op for unit in found] == [
        *("conv", "identity", "squeeze_excite", "identity", "conv", "conv", "add", "identity")
    ]
    assert [u.attributes["to"] for u in found if u.op == "identity"] == [
        "plain",
        "blocked",
        "plain",
    ]
    assert found[1].macs == found[1].params == 0


@pytest.mark.parametrize("liveness", ["unused_output", "full_path"])
def test_what_nobody_needs_is_not_run(liveness):
    space = compile_space("nasbench201")
    dead = space.decode((3, 0, 0, 1, 0, 0))  # node 1 is made, nothing reads it
    assert not any(
        u.kind == "conv" and u.nodes[0].startswith("stage1_cell1")
        for u in units_of(dead, RuntimeRules(liveness))
    )
    assert sum("cell" in u.nodes[0] for u in units_of(dead, RuntimeRules())) == 15


def test_zeros_are_skipped_with_all_that_reads_only_them():
    space = compile_space("nasbench201")
    network = space.decode((0, 0, 3, 1, 0, 3))  # node 1 is zeros, node 2 a convolution of it
    run = {unit.op for unit in units_of(network, RuntimeRules("unused_output"))}
    assert "zero" in run
    assert "zero" not in {unit.op for unit in units_of(network, RuntimeRules("full_path"))}


@pytest.mark.parametrize("rules", [RuntimeRules(), RuntimeRules("none", SUMS | NORMS, True, 16)])
def test_units_survive_json_with_key_and_work(rules):
    for unit in units_of(branch(), rules):
        again = Unit.from_json(unit.to_json())
        assert (again.key, again.macs, again.params) == (unit.key, unit.macs, unit.params)


def test_order_of_parallel_branches_does_not_change_units():
    def built(swap):
        draft = NetworkDraft((16, 8, 8))
        kernels = (1, 3) if swap else (3, 1)
        made = {
            k: draft.add("conv", draft.input, out_channels=16, kernel=k, order="act_conv_norm")
            for k in kernels
        }
        return draft.finish(draft.add("concat", made[3], made[1]))

    rules = RuntimeRules("none", SUMS | NORMS, True, 16)
    keys = [sorted(u.key for u in units_of(built(swap), rules)) for swap in (False, True)]
    assert keys[0] == keys[1]
