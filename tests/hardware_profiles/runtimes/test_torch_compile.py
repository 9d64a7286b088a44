"""`torch.compile`: what it costs is told apart, and a recompilation is noticed."""

import numpy as np
import pytest
import torch

from hardware_profiles.errors import PreparationError
from hardware_profiles.measure import measure_latency
from hardware_profiles.runtimes import torch_compile
from hardware_profiles.runtimes.protocol import RuntimeConfig
from hardware_profiles.runtimes.torch_compile import TorchCompileRuntime
from hardware_profiles.runtimes.weights import build_initialised, random_input
from hardware_profiles.samples import MeasurePlan
from search_engine.network import NetworkDraft

PLAN = MeasurePlan(
    warmup_runs=3, warmup_seconds=0, rounds=5, runs_per_round=10, settle_seconds=0.1, max_seconds=1
)


def tiny():
    draft = NetworkDraft((2, 4, 4))
    x = draft.add("conv", draft.input, out_channels=2, kernel=1)
    return draft.finish(draft.add("head", x, outputs=2))


def test_compile_time_is_stored_apart_the_result_is_right_and_recompiling_is_noticed():
    network, runtime = tiny(), TorchCompileRuntime(RuntimeConfig())
    kept = []

    class Keeping:
        on_calling_thread = True
        session, versions = runtime.session, runtime.versions

        def prepare(self, item, seed):
            kept.append(runtime.prepare(item, seed))
            return kept[0]

    [result] = measure_latency([network], Keeping(), PLAN)
    [prepared] = kept
    assert result.phases["compile_ms"] > 20 * result.latency_ms
    assert result.phases["build_ms"] >= result.phases["compile_ms"] + result.phases["trace_ms"]
    assert prepared.complaint() == ""
    module, x = build_initialised(network, 0), torch.from_numpy(random_input(network, 1, 0))
    with runtime.session():
        np.testing.assert_allclose(prepared.run(), module(x), atol=1e-5)
    with torch.no_grad():  # another mode than that of timing: compiled again
        prepared.run()
    assert "1 more" in prepared.complaint()


def test_without_a_compiler_it_says_what_to_install(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert torch_compile.compiler() is None
    assert "g++" in TorchCompileRuntime.available()


def test_a_network_that_cannot_be_compiled_is_refused_in_words(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(PreparationError, match="C\\+\\+ compiler"):
        TorchCompileRuntime(RuntimeConfig()).prepare(tiny(), 0)
