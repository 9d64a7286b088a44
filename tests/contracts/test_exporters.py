"""What every registered exporter promises."""

import json
import subprocess
import sys

import numpy as np
import pytest

from search_engine.errors import ExportError
from search_engine.exporters import EXPORTERS
from search_engine.loading import load_space
from search_engine.nn.builder import build
from search_engine.seeding import seed_torch

KEYS = EXPORTERS.keys()


def exporter(key):
    return EXPORTERS.resolve(key)(EXPORTERS.parse_config(key, {}))


def sampled(space, seed=0, **task):
    """A network of a built-in space and its fresh weights."""
    compiled = load_space(space, **task)
    network = compiled.decode(compiled.sample(np.random.default_rng(seed)))
    with seed_torch(seed):
        return network, build(network).state_dict()


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("space", ["mbconv-tiny", "nasbench201"])
def test_networks_of_the_built_in_spaces_are_written_and_checked(key, space, tmp_path):
    network, state = sampled(space, input_shape=(3, 32, 32))
    path = tmp_path / f"model{exporter(key).extension}"
    facts = exporter(key).export(network, state, path, facts={"note": "from a test"})
    assert path.stat().st_size > 0
    assert list(tmp_path.iterdir()) == [path]
    assert facts["max_rel_diff"] <= facts["tolerance"]
    assert json.loads(json.dumps(facts)) == facts


@pytest.mark.parametrize("key", KEYS)
def test_weights_that_do_not_fit_leave_nothing_behind(key, tmp_path):
    network, _ = sampled("mbconv-tiny")
    with pytest.raises(ExportError):
        exporter(key).export(network, {}, tmp_path / "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", KEYS)
def test_every_setting_is_described_and_has_a_default(key):
    for name, field in EXPORTERS.config_class(key).model_json_schema()["properties"].items():
        assert len(field["description"]) > 10, name
        assert "default" in field, name
    assert EXPORTERS.resolve(key).extension.startswith(".")


def test_settings_are_known_without_loading_torch():
    code = (
        "import sys\nfrom search_engine.exporters import EXPORTERS\n"
        "[EXPORTERS.config_class(key) for key in EXPORTERS.keys()]\n"
        "print([name for name in ('torch', 'onnx', 'onnxruntime') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
