"""Networks to measure: spread, different, repeatable, better than chance where few are taken."""

import numpy as np
import pytest

from search_engine.costs.predictors.features import count_units
from search_engine.costs.predictors.protocol import Evidence
from search_engine.costs.predictors.ridge import Ridge
from search_engine.costs.selection import describe, informative, next_by_disagreement, spread_out
from search_engine.costs.units import RuntimeRules
from search_engine.errors import PredictorError
from tests.search_engine.costs.tables import drawn, nb201


def test_chosen_networks_are_allowed_different_and_the_same_for_one_seed():
    space, _ = drawn("mbconv-tiny", 1)
    first = spread_out(space, 8, np.random.default_rng(3), pool=60)
    again = spread_out(space, 8, np.random.default_rng(3), pool=60)
    assert first == again
    assert len(set(first)) == 8
    assert all(space.canonical(genes) == genes for genes in first)
    others = spread_out(space, 8, np.random.default_rng(3), pool=60, exclude=first)
    assert not set(first) & set(others)


def test_chosen_networks_span_the_sizes_of_the_pool():
    _, networks = drawn("mbconv-tiny", 120)
    macs = np.array([network.macs for network in networks])
    rows = describe(count_units(networks, RuntimeRules()))
    taken = informative(rows, 10)
    assert np.ptp(macs[taken]) > 0.8 * np.ptp(macs)


def test_ten_chosen_cells_teach_more_than_ten_random_ones():
    _, networks, values = nb201(["help_gold_6226_ms"], 240)
    truth, counts = values["help_gold_6226_ms"], count_units(networks, RuntimeRules())
    errors = {"chosen": [], "random": []}
    for start in (0, 80, 160):
        pool, rest = np.arange(start, start + 80), np.arange(240)
        best = pool[informative(describe(counts.take(pool)), 10)]
        for kind, some in (("chosen", best), ("random", pool[:10])):
            guess = Ridge().learn([counts.take(some)], truth[some]).answer(counts.take(rest))
            errors[kind].append(np.mean(np.abs(guess - truth) / truth))
    assert np.mean(errors["chosen"]) < np.mean(errors["random"])


def test_disputed_networks_are_asked_for_next():
    space, networks = drawn("mbconv-tiny", 40)
    macs = np.array([network.macs for network in networks], float)
    layers = np.array([len(network.nodes) for network in networks], float)
    models = [Ridge().fit(Evidence(networks, values)) for values in (macs, layers)]
    genes = next_by_disagreement(space, models, 8, np.random.default_rng(0), pool=60)
    assert len(set(genes)) == 8
    pool = [
        space.decode(tuple(g)) for g in space.sample_many(np.random.default_rng(0), 60).tolist()
    ]
    dispute = [np.log([m.predict([n])[0] for m in models]).std() for n in pool]
    asked = [space.decode(g) for g in genes[:6]]
    mine = np.log([m.predict(asked) for m in models]).std(axis=0)
    assert mine.min() >= np.median(dispute)


def test_impossible_wishes_are_refused():
    space, _ = drawn("mbconv-tiny", 1)
    with pytest.raises(PredictorError, match="At least one"):
        spread_out(space, 0, np.random.default_rng(0))
    with pytest.raises(PredictorError, match="two fitted"):
        next_by_disagreement(space, [], 3, np.random.default_rng(0))
