"""What cannot be right in a table is found; what is only unusual is left alone."""

import numpy as np
import pytest

from hardware_profiles.tables.blocks import BlockKey, block_keys
from hardware_profiles.tables.content import OUTLIER, TableContent
from hardware_profiles.tables.flags import hardly_grows, judged
from search_engine.costs.units import RuntimeRules, units_of
from search_engine.loading import load_space

SPACE = load_space("nasbench201-tiny")


def table(genes, values, **changes):
    settings = {
        "scheme": "genes", "space": SPACE.key, "metric": "latency_ms", "keys": genes,
        "values": np.asarray(values, float), "flags": np.zeros(len(values), np.uint8),
    }  # fmt: skip
    return judged(TableContent(**{**settings, **changes}), SPACE)


@pytest.fixture(scope="module")
def cells():
    return SPACE.sample_many(np.random.default_rng(3), 500).astype(np.int32)


def test_spikes_are_found_and_dead_branches_are_no_mistake(cells):
    rng = np.random.default_rng(0)
    values = 5 + cells @ np.array([1, 2, 1, 1, 2, 3.0]) + rng.normal(0, 0.2, len(cells))
    spikes = [7, 100, 321]
    values[spikes] *= 2.5
    values[[8, 9]] = 0.01  # a runtime that runs nothing is fast
    assert np.flatnonzero(table(cells, values).flags == OUTLIER).tolist() == spikes


def test_few_rows_are_not_judged(cells):
    values = np.ones(50)
    values[3] = 100
    assert table(cells[:50], values).trusted.all()


def test_whole_milliseconds_are_said(cells):
    [note] = table(cells, np.round(5 + cells.sum(axis=1))).notes
    assert "whole ms" in note
    assert table(cells, 5.25 + cells.sum(axis=1)).notes == ()


def test_a_timer_that_does_not_wait_is_suspected(cells):
    macs = np.array([SPACE.decode(tuple(row)).macs for row in cells.tolist()])
    flat = 2 + np.random.default_rng(1).normal(0, 0.01, len(cells))
    assert any("did not wait" in note for note in table(cells, flat).notes)
    assert table(cells, 1 + macs / macs.mean()).notes == ()
    assert hardly_grows(np.arange(1.0, 101), np.full(100, 3.0))
    assert not hardly_grows(np.arange(1.0, 101), np.arange(1.0, 101))
    assert not hardly_grows(np.full(100, 5.0), np.full(100, 3.0)), "no work to grow with"


def test_differences_may_be_negative_and_skips_may_be_free():
    space = load_space("single-path-tiny")
    keys = np.array([[1, len(space.variables[1].choices) - 1], [1, 0]], np.int32)
    zero = TableContent(
        "choices", space.key, "latency_ms", keys, np.zeros(2), np.zeros(2, np.uint8)
    )
    assert space.variables[1].choices[-1] == "skip"
    assert judged(zero, space).trusted.tolist() == [True, False]
    relative = TableContent(
        "choices", space.key, "latency_ms", keys, np.array([-1.0, 0]), np.zeros(2, np.uint8),
        relative=True,
    )  # fmt: skip
    assert judged(relative, space).trusted.all()


def test_blocks_are_known_by_their_shapes():
    space = load_space("ofa-mobilenetv3")
    network = space.decode((0,) * len(space.variables))
    keys = list(block_keys(network))
    assert keys[0] == BlockKey(16, 48, 24, 3, 2, 0, "relu", 64)
    assert keys[2] == BlockKey(24, 72, 40, 3, 2, 24, "relu", 32), "a quarter of 72, to eights"
    assert len(keys) == 10, "the first block has no expansion and is no key"
    assert BlockKey.parse(str(keys[2])) == keys[2]
    own = [u for u in units_of(network, RuntimeRules()) if u.nodes[0].startswith("unit1_block1")]
    assert keys[0].macs == sum(unit.macs for unit in own)
