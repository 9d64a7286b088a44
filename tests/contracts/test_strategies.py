"""What every registered search strategy promises."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from search_engine.config import Config
from search_engine.loading import load_strategy
from search_engine.strategies import STRATEGIES
from search_engine.testing import STRATEGY_CHECKS, TINY_CONFIGS, tiny_search

SCRIPT = """
import json, sys
from search_engine.testing import tiny_search
print(json.dumps([[t.number, list(t.genes), dict(t.metrics)] for t in tiny_search(sys.argv[1], 7)]))
"""


@pytest.mark.parametrize("key", STRATEGIES.keys())
@pytest.mark.parametrize("check", STRATEGY_CHECKS, ids=lambda check: check.__name__)
def test_keeps_the_promise(key, check):
    plan = load_strategy(key, **TINY_CONFIGS.get(key, {}))
    check(plan.create)


@pytest.mark.parametrize("key", STRATEGIES.keys())
def test_same_seed_repeats_the_search(key):
    assert tiny_search(key, seed=7) == tiny_search(key, seed=7)


@pytest.mark.parametrize("key", STRATEGIES.keys())
@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_other_process_with_other_hash_seed_repeats_the_search(key, hash_seed):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, key],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=True,
    )
    here = [[t.number, list(t.genes), dict(t.metrics)] for t in tiny_search(key, seed=7)]
    assert json.loads(done.stdout) == here


@pytest.mark.parametrize("key", STRATEGIES.keys())
@pytest.mark.parametrize("stop", [5, 10, 17])
def test_stopped_and_resumed_equals_straight(key, stop):
    first = tiny_search(key, seed=3, trials=stop)
    rest = tiny_search(key, seed=3, trials=24, history=first[::-1])
    assert first + rest == tiny_search(key, seed=3, trials=24)


@pytest.mark.parametrize("key", STRATEGIES.keys())
def test_settings_have_defaults_and_descriptions(key):
    schema = STRATEGIES.config_class(key)
    assert issubclass(schema, Config)
    assert schema.__doc__
    assert schema.__doc__ != Config.__doc__
    for name, field in schema.model_fields.items():
        assert not field.is_required(), f"{key}.{name} has no default"
        assert field.description, f"{key}.{name} has no description"
    assert schema.parse({}) == schema()


@pytest.mark.parametrize("entry", list(STRATEGIES), ids=lambda entry: entry.key)
def test_entry_introduces_the_strategy_and_names_its_file(entry):
    assert entry.label
    assert entry.summary.endswith(".")
    assert entry.source
    assert entry.target.startswith(f"search_engine.strategies.{entry.key}:")
    assert STRATEGIES.resolve(entry.key).__doc__
