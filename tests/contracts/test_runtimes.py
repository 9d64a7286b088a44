"""What every runtime must do; a new one is checked by being in the table."""

import json
import math
import re
import subprocess
import sys

import numpy as np
import pytest
import torch

from hardware_profiles.errors import PreparationError
from hardware_profiles.measure import measure_latency
from hardware_profiles.runtimes import RUNTIMES, rules_for
from hardware_profiles.runtimes.protocol import RuntimeConfig
from hardware_profiles.samples import MeasurePlan
from search_engine.costs.units import RuntimeRules
from search_engine.errors import ConfigError
from search_engine.network import InputSpec, NetworkDraft, NetworkSpec
from search_engine.spaces.compiler import compile_space

QUICK = MeasurePlan(
    warmup_runs=3, warmup_seconds=0, rounds=5, runs_per_round=10, settle_seconds=0.5, max_seconds=1
)
SLOW = ("torch_compile",)  # seconds per network; has its own test on the smallest one
QUICK_KEYS = [key for key in RUNTIMES.keys() if key not in SLOW]  # noqa: SIM118
runtimes = pytest.mark.parametrize("key", QUICK_KEYS)
all_runtimes = pytest.mark.parametrize("key", RUNTIMES.keys())
with_precisions = pytest.mark.parametrize(
    ("key", "precision"),
    [(key, precision) for key in QUICK_KEYS for precision in RUNTIMES.resolve(key).precisions],
)
HOW_CLOSE = {"fp32": 1e-4, "bf16": 0.05, "int8": 0.15}  # of the largest output


def make(key, **settings):
    return RUNTIMES.resolve(key)(RUNTIMES.parse_config(key, settings))


def small(width=8, kernel=3, *, dense=False):
    draft = NetworkDraft((1, 8, 8))
    x = draft.add("conv", draft.input, out_channels=width, kernel=kernel)
    x = draft.add("conv", x, out_channels=width, kernel=kernel, groups=1 if dense else width)
    return draft.finish(draft.add("head", x, outputs=10))


def output(prepared):
    found = prepared.run()
    prepared.sync()
    found = found[0] if isinstance(found, list) else found
    return found.float().numpy() if isinstance(found, torch.Tensor) else np.asarray(found)


@all_runtimes
def test_settings_are_a_runtime_config(key):
    assert issubclass(RUNTIMES.config_class(key), RuntimeConfig)
    for wrong in ({"threads": 0}, {"batch_size": 0}, {"turbo": True}):
        with pytest.raises(ConfigError):
            RUNTIMES.parse_config(key, wrong)


@all_runtimes
def test_what_a_runtime_can_do_is_told(key):
    runtime = RUNTIMES.resolve(key)
    assert "fp32" in runtime.precisions
    assert "cpu" in runtime.accelerators
    assert isinstance(runtime.rules, RuntimeRules)
    for precision in runtime.precisions:
        assert isinstance(rules_for(key, precision), RuntimeRules)
    assert runtime.available() == ""


def test_asking_what_runtimes_can_do_loads_none_of_them():
    code = (
        "import json, sys\n"
        "from hardware_profiles.runtimes import RUNTIMES, rules_for\n"
        "for key in RUNTIMES.keys():\n"
        "    RUNTIMES.resolve(key).available(), rules_for(key), RUNTIMES.config_class(key)\n"
        "print(json.dumps([m for m in ('torch', 'onnx', 'onnxruntime') if m in sys.modules]))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == []


@all_runtimes
def test_a_gpu_that_is_not_there_is_refused_in_words(key):
    if torch.cuda.is_available():
        pytest.skip("this host has a GPU")
    assert re.search(r"CUDA|GPU|processor", RUNTIMES.resolve(key).available("cuda"))


@with_precisions
@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_run_computes_the_whole_batch_and_the_result_is_finite(key, precision, batch_size):
    runtime = make(key, batch_size=batch_size, precision=precision)
    with runtime.session():
        found = output(runtime.prepare(small(), seed=0))
    assert found.shape == (batch_size, 10)
    assert np.isfinite(found).all()


@with_precisions
def test_the_same_seed_gives_the_same_weights_and_input(key, precision):
    runtime = make(key, precision=precision)
    with runtime.session():
        first, again, other = (output(runtime.prepare(small(), seed)) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


@with_precisions
def test_all_compute_the_same_function_as_well_as_their_numbers_allow(key, precision):
    found = []
    for runtime in (make("pytorch"), make(key, precision=precision)):
        with runtime.session():
            found.append(output(runtime.prepare(small(), seed=1)))
    assert np.abs(found[1] - found[0]).max() <= HOW_CLOSE[precision] * np.abs(found[0]).max()
    assert precision == "fp32" or not np.array_equal(*found)


@with_precisions
@pytest.mark.parametrize("space", ["mbconv-tiny", "nasbench201-tiny"])
def test_networks_of_the_built_in_spaces_run(key, precision, space):
    compiled = compile_space(space)
    network = compiled.decode(compiled.sample(np.random.default_rng(2)))
    runtime = make(key, precision=precision)
    with runtime.session():
        assert np.isfinite(output(runtime.prepare(network, seed=0))).all()


@runtimes
def test_deep_networks_do_not_fade_into_denormal_numbers(key):
    draft = NetworkDraft((1, 8, 8))
    x = draft.input
    for _ in range(24):
        x = draft.add("conv", x, out_channels=4, kernel=3)
    runtime = make(key)
    with runtime.session():
        found = output(runtime.prepare(draft.finish(draft.add("head", x, outputs=2)), seed=0))
    assert np.abs(found).max() > 1e-3


@runtimes
def test_global_settings_are_restored(key):
    threads, random_state = torch.get_num_threads(), torch.get_rng_state()
    runtime = make(key, threads=1)
    with runtime.session():
        runtime.prepare(small(), seed=0).run()
    assert torch.get_num_threads() == threads
    assert not torch.is_inference_mode_enabled()
    assert torch.equal(torch.get_rng_state(), random_state)


@all_runtimes
def test_only_one_thread_works_on_the_calling_thread(key):
    assert make(key, threads=1).on_calling_thread
    assert not make(key, threads=2).on_calling_thread


@all_runtimes
def test_versions_are_told(key):
    versions = make(key).versions()
    assert versions
    assert all(text[0].isdigit() for text in versions.values())


@all_runtimes
def test_a_network_with_two_inputs_is_refused_in_words(key):
    two = NetworkSpec((InputSpec("a", (1, 4, 4)), InputSpec("b", (1, 4, 4))), (), ("a",))
    with pytest.raises(PreparationError, match="2 inputs"):
        make(key).prepare(two, seed=0)


@runtimes
def test_a_network_that_is_much_larger_takes_longer(key):
    lean, heavy = measure_latency([small(4, 1), small(128, 7, dense=True)], make(key), QUICK)
    assert heavy.latency_ms > 2 * lean.latency_ms
    assert math.isfinite(lean.latency_ms)
    assert lean.latency_ms > 0
