"""`NetworkSpec`: identity, JSON, and refusal of what is no network."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_engine.errors import NetworkError, ShapeError, UnknownKeyError
from search_engine.network import InputSpec, NetworkDraft, NetworkSpec, Node

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def residual(width=8, swap=False, names="n"):
    """Two branches of a stem, joined by a sum in either order."""
    draft = NetworkDraft((3, 8, 8))
    with draft.block("stem", "3×3", stage="Stem"):
        stem = draft.add("conv", draft.input, out_channels=width)
    branches = [("conv", {"out_channels": width, "kernel": 1}), ("avg_pool", {})]
    made = [draft.add(op, stem, **attributes) for op, attributes in branches[:: -1 if swap else 1]]
    total = draft.add("add", *made)
    return draft.finish(draft.add("head", total, outputs=4), space="test", genes=(1, 2))


def renamed(network, rename):
    """The same network with other node ids."""
    nodes = tuple(
        Node(
            rename(n.id),
            n.op,
            tuple(rename(i) if i in network.by_id else i for i in n.inputs),
            n.attributes,
            n.shape,
        )
        for n in network.nodes
    )
    return NetworkSpec(network.inputs, nodes, tuple(map(rename, network.outputs)))


class TestIdentity:
    def test_names_blocks_and_origin_do_not_matter(self):
        assert renamed(residual(), lambda name: f"other_{name}") == residual()
        assert len({residual(), renamed(residual(), lambda name: f"x{name}")}) == 1

    def test_order_of_parallel_branches_and_of_a_sum_does_not_matter(self):
        assert residual(swap=True).digest == residual().digest

    def test_attributes_matter(self):
        assert residual(width=9) != residual()

    def test_order_of_a_concatenation_matters(self):
        digests = set()
        for flip in (False, True):
            draft = NetworkDraft((3, 8, 8))
            x, y = draft.add("avg_pool", draft.input), draft.add("max_pool", draft.input)
            joined = draft.add("concat", *((y, x) if flip else (x, y)))
            digests.add(draft.finish(joined).digest)
        assert len(digests) == 2

    def test_sharing_a_layer_differs_from_repeating_it(self):
        digests = set()
        for shared in (False, True):
            draft = NetworkDraft((3, 8, 8))
            first = draft.add("conv", draft.input, out_channels=4)
            second = first if shared else draft.add("conv", draft.input, out_channels=4)
            total = draft.add("add", draft.add("avg_pool", first), draft.add("max_pool", second))
            digests.add(draft.finish(total).digest)
        assert len(digests) == 2

    def test_which_tensor_leaves_matters(self):
        draft = NetworkDraft((3, 8, 8))
        first = draft.add("avg_pool", draft.input)
        second = draft.add("avg_pool", first)
        assert draft.finish(first) != draft.finish(second)


class TestJson:
    def test_round_trip_keeps_everything(self):
        network = residual()
        again = NetworkSpec.from_json(json.loads(json.dumps(network.to_json())))
        assert again == network
        assert again.to_json() == network.to_json()
        assert (again.nodes, again.blocks, again.genes) == (
            network.nodes,
            network.blocks,
            network.genes,
        )

    def test_order_of_keys_does_not_matter(self):
        data = json.loads(json.dumps(residual().to_json(), sort_keys=True))
        assert NetworkSpec.from_json(data).digest == residual().digest

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda d: d.update(version=7), "version 7 is not known; expected 1"),
            (lambda d: d.pop("nodes"), "lacks or mistypes 'nodes'"),
            (lambda d: d["nodes"][0].update(op="warp"), "No layer type named 'warp'"),
            (lambda d: d["nodes"][0].update(shape=[9, 8, 8]), r"claims shape \(9, 8, 8\)"),
            (lambda d: d["nodes"][0].update(shape=[0, 8, 8]), "positive integers"),
            (lambda d: d["nodes"][0].update(inputs=["n2"]), "no earlier node"),
            (lambda d: d["nodes"][1].update(id="n0"), "used twice"),
            (lambda d: d["nodes"][0]["attributes"].update(stride=0), "stride"),
            (lambda d: d["nodes"][0]["attributes"].update(colour=1), "colour"),
            (lambda d: d["nodes"][0]["attributes"].pop("stride"), "state every attribute"),
            (lambda d: d.update(outputs=[]), "at least one existing node"),
        ],
    )
    def test_what_is_no_network_is_refused(self, change, message):
        data = residual().to_json()
        change(data)
        with pytest.raises(NetworkError, match=message):
            NetworkSpec.from_json(data)

    @given(st.data(), JSON_VALUES)
    @settings(max_examples=200, deadline=None)
    def test_a_damaged_document_is_refused_or_still_a_network(self, data, junk):
        document = copy.deepcopy(residual().to_json())
        place = document
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = data.draw(st.sampled_from(keys))
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
                place[key] = junk
                break
            place = inner
        try:
            network = NetworkSpec.from_json(document)
        except NetworkError:
            return
        assert NetworkSpec.from_json(network.to_json()).nodes == network.nodes


class TestConstruction:
    def test_walk_gives_input_shapes(self):
        shapes = {node.op: read for node, read in residual().walk()}
        assert shapes["head"] == ((8, 8, 8),)
        assert shapes["add"] == ((8, 8, 8), (8, 8, 8))

    def test_inputs_need_different_names(self):
        inputs = (InputSpec("x", (1,)), InputSpec("x", (1,)))
        with pytest.raises(NetworkError, match="share a name"):
            NetworkSpec(inputs, (), ("x",))

    def test_a_layer_that_does_not_fit_is_refused(self):
        draft = NetworkDraft((3, 8, 8))
        pooled = draft.add("avg_pool", draft.input, stride=2)
        with pytest.raises(ShapeError):
            draft.add("add", pooled, draft.input)

    def test_an_unknown_layer_type_lists_the_known_ones(self):
        with pytest.raises(UnknownKeyError, match="Known: conv"):
            NetworkDraft((3, 8, 8)).add("warp", "input")

    def test_blocks_do_not_nest(self):
        draft = NetworkDraft((3, 8, 8))
        with (
            draft.block("a", "a"),
            pytest.raises(NetworkError, match="do not nest"),
            draft.block("b", "b"),
        ):
            pass

    def test_attributes_are_read_only(self):
        with pytest.raises(TypeError):
            residual().nodes[0].attributes["kernel"] = 5
