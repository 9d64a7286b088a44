"""Damaged documents: an error with a message, or a space that keeps its promises; never a crash."""

import copy

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_engine.errors import SpaceError
from search_engine.spaces.compiler import compile_space
from search_engine.spaces.language.forms import PARTS
from search_engine.spaces.mbconv_tiny import DOCUMENT as MBCONV
from search_engine.spaces.nasbench201 import DOCUMENT as CELLS
from tests.search_engine.spaces.language.documents import conv, document

SMALL = document(
    {
        "name": "stage",
        "variables": {"width": {"choice": [4, 8]}},
        "repeat": [
            conv(out_channels={"variable": "width"}, stride={"first": 2, "rest": 1}),
            {"name": "se", "optional": {"op": "squeeze_excite"}},
            {"residual": {"use": "body"}},
        ],
        "times": {"choice": [1, 2], "name": "depth"},
    },
    {"name": "merge", "parallel": [conv(), conv(kernel=1)], "merge": "concat"},
    {"name": "pick", "choose": {"a": None, "b": {"op": "identity"}}},
    define={"body": conv(out_channels={"channels": 1}, kernel={"choice": [1, 3]})},
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 200)
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(
        [*PARTS, "choice", "variable", "channels", "width", "conv", "body", "{width}"]
    )
)
FORMS = st.sampled_from(
    [
        conv(),
        [conv(), conv()],
        {"choice": [1, 2, 3]},
        {"variable": "width"},
        {"channels": {"channels": 2}},
        {"halve_above": {"choice": [2, 4]}},
        {"first": {"first": 1, "rest": 2}, "rest": 3},
        {"task": "classes"},
        {"use": "body", "share": True},
        {"repeat": conv(kernel={"choice": [1, 3]}), "times": {"choice": [0, 50]}},
        {"name": "z", "cell": {"nodes": 3, "ops": {"n": None, "i": {"op": "identity"}}}},
        {"name": "z", "choose": {"p": None, "q": [[]]}},
        {"name": "z", "optional": {"residual": []}},
    ]
)
JUNK = (
    SCALARS | FORMS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=6), SCALARS)
)


def spoil(data, document, junk):
    """Replace, add or remove one thing somewhere."""
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if isinstance(inner, dict | list) and inner and data.draw(st.booleans()):
            place = inner
            continue
        if data.draw(st.integers(0, 5)) == 0:
            del place[key]
        else:
            place[key] = junk
        return


@pytest.mark.parametrize("original", [SMALL, MBCONV, CELLS], ids=lambda d: d["name"])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), junk=st.lists(JUNK, min_size=1, max_size=3))
def test_a_damaged_document_is_an_error_or_a_space(original, data, junk):
    damaged = copy.deepcopy(original)
    for piece in junk:
        spoil(data, damaged, copy.deepcopy(piece))
        if not damaged:
            return
    try:
        space = compile_space(damaged)
    except SpaceError:
        return
    assert space.size >= 1
    rng = np.random.default_rng(0)
    for _ in range(3):
        genes = space.sample(rng)
        assert space.canonical(genes) == genes
        assert space.encode(space.choices(genes)) == genes
