"""The built module: values, names, memory, other ways to run it."""

import copy
import gc
import weakref

import pytest
import torch
from torch import nn

from search_engine.errors import NetworkError
from search_engine.network import NetworkDraft, NetworkSpec, Node
from search_engine.nn.builder import build


@pytest.fixture
def branched():
    """Two branches of the stem, summed and concatenated: tensors with several readers."""
    draft = NetworkDraft((3, 8, 8))
    stem = draft.add("conv", draft.input, out_channels=4)
    left = draft.add("conv", stem, out_channels=4, kernel=1)
    right = draft.add("avg_pool", stem)
    total = draft.add("add", left, right, stem)
    joined = draft.add("concat", total, stem)
    return draft.finish(draft.add("head", joined, outputs=5))


def by_hand(module, x):
    stem = module.n0(x)
    left, right = module.n1(stem), module.n2(stem)
    total = left + right + stem
    return module.n5(torch.cat([total, stem], 1))


def test_executes_the_graph(branched):
    module = build(branched).eval()
    x = torch.randn(2, 3, 8, 8)
    assert torch.allclose(module(x), by_hand(module, x), atol=1e-6)


def test_layers_are_named_after_nodes(branched):
    module = build(branched)
    assert [name for name, _ in module.named_children()] == [node.id for node in branched.nodes]
    assert "n0.conv.weight" in module.state_dict()


def test_state_fits_another_build_of_the_same_spec(branched):
    first = build(branched).eval()
    second = build(NetworkSpec.from_json(branched.to_json())).eval()
    second.load_state_dict(first.state_dict())
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(first(x), second(x))


def test_a_copy_is_independent(branched):
    module = build(branched).eval()
    twin = copy.deepcopy(module)
    x = torch.randn(1, 3, 8, 8)
    before = module(x)
    with torch.no_grad():
        for p in twin.parameters():
            p.zero_()
    assert torch.equal(module(x), before)
    assert not twin(x).any()


def test_tensors_are_dropped_after_their_last_reader():
    draft = NetworkDraft((2, 4, 4))
    first = draft.add("avg_pool", draft.input)
    second = draft.add("avg_pool", first)
    third = draft.add("avg_pool", second)
    module = build(draft.finish(third))
    seen: list[weakref.ref[torch.Tensor]] = []
    alive_at_last: list[bool] = []

    def note(layer: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        gc.collect()
        alive_at_last[:] = [ref() is not None for ref in seen]
        seen.append(weakref.ref(output))

    for layer in module.children():
        layer.register_forward_hook(note)
    with torch.no_grad():
        module(torch.zeros(1, 2, 4, 4))
    assert alive_at_last == [False, True]  # first is gone when third runs, second is being read


def test_a_network_may_return_its_input_or_several_tensors():
    draft = NetworkDraft((2, 4, 4))
    pool = draft.add("avg_pool", draft.input)
    module = build(draft.finish(pool, draft.input))
    x = torch.randn(1, 2, 4, 4)
    pooled, same = module(x)
    assert same is x
    assert pooled.shape == x.shape


def test_layers_that_feed_nothing_run_and_count():
    draft = NetworkDraft((2, 4, 4))
    draft.add("conv", draft.input, out_channels=3)
    network = draft.finish(draft.add("head", draft.input, outputs=2))
    module = build(network)
    ran = []
    module.n0.register_forward_hook(lambda *_: ran.append(True))
    module(torch.zeros(2, 2, 4, 4))
    assert ran == [True]
    assert network.params == sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("name", ["a.b", "forward", "training"])
def test_ids_that_cannot_name_a_module_are_refused(name):
    draft = NetworkDraft((2, 4, 4))
    shape = draft.shape(draft.input)
    network = NetworkSpec(
        draft.finish(draft.input).inputs,
        (Node(name, "identity", ("input",), {}, shape),),
        (name,),
    )
    with pytest.raises(NetworkError, match="cannot name a module"):
        build(network)


def test_exports_with_torch_export(branched):
    module = build(branched).eval()
    x = torch.randn(2, 3, 8, 8)
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(module, (x,), dynamic_shapes=(({0: batch},),))
    other = torch.randn(5, 3, 8, 8)
    assert torch.allclose(program.module()(other), module(other), atol=1e-5)


def test_training_depthwise_in_another_memory_order_changes_no_value():
    draft = NetworkDraft((6, 8, 8))
    x = draft.add("conv", draft.input, out_channels=6, groups=6, kernel=5)
    module = build(draft.finish(draft.add("head", x, outputs=3))).train()
    data = torch.randn(4, 6, 8, 8)
    plain = nn.functional.conv2d(data, module.n0.conv.weight, padding=2, groups=6)
    expected = module.n1(
        torch.relu(
            nn.functional.batch_norm(
                plain, None, None, module.n0.norm.weight, module.n0.norm.bias, training=True
            )
        )
    )
    assert torch.allclose(module(data), expected, atol=1e-5)


def test_initial_convolutions_keep_the_variance_of_a_relu_network():
    torch.random.manual_seed(0)  # noqa: TID251 - the test's own reference draw
    draft = NetworkDraft((64, 4, 4))
    module = build(draft.finish(draft.add("conv", draft.input, out_channels=256, norm="none")))
    weight = module.n0.conv.weight
    assert weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)
    assert not module.n0.conv.bias.any()
