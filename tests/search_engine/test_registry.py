"""Registries list without importing, resolve on demand, and say what exists."""

import subprocess
import sys

import pytest

from search_engine.config import Config
from search_engine.errors import ConfigError, UnknownKeyError
from search_engine.registry import Entry, Registry


@pytest.fixture
def shapes():
    return Registry(
        "shape",
        Entry("toy", "Toy space", "search_engine.toys:ToySpace"),
        Entry("random", "Random", "search_engine.strategies.nsga2:NSGA2"),
        Entry("gone", "Gone", "search_engine.no_such_module:Nothing"),
    )


def test_keeps_the_order_of_the_table(shapes):
    assert shapes.keys() == ["toy", "random", "gone"]
    assert [entry.label for entry in shapes] == ["Toy space", "Random", "Gone"]


def test_listing_does_not_import_the_members(shapes):
    assert "gone" in shapes
    assert shapes.entry("gone").target == "search_engine.no_such_module:Nothing"


def test_resolving_imports_the_class(shapes):
    assert shapes.resolve("toy").__name__ == "ToySpace"


@pytest.mark.parametrize("key", ["tpy", "", None, ["toy"], 3])
def test_unknown_key_names_the_known_ones(shapes, key):
    with pytest.raises(UnknownKeyError, match=r"No shape named .*Known: toy, random, gone\."):
        shapes.resolve(key)
    assert "tpy" not in shapes


def test_settings_are_checked_by_the_members_own_schema(shapes):
    assert shapes.parse_config("random", {"population_size": 8}).population_size == 8
    with pytest.raises(ConfigError, match="population_size"):
        shapes.parse_config("random", {"population_size": 1})


def test_member_without_schema_takes_no_settings(shapes):
    assert shapes.config_class("toy") is Config
    with pytest.raises(ConfigError, match="Unknown setting"):
        shapes.parse_config("toy", {"layers": 3})


def test_two_entries_with_one_key_are_an_error():
    entry = Entry("a", "A", "x:Y")
    with pytest.raises(ValueError, match="share a key"):
        Registry("shape", entry, entry)


def test_strategies_and_bookkeeping_need_no_torch():
    code = (
        "import sys; from search_engine.strategies import STRATEGIES\n"
        "for key in STRATEGIES.keys(): STRATEGIES.resolve(key)\n"
        "import search_engine.operators, search_engine.pareto, search_engine.loop\n"
        "import search_engine.seeding, search_engine.testing\n"
        "print(sorted({'torch', 'django'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
