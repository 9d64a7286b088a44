"""Streams of random numbers repeat, do not meet, and leave the process as it was."""

import os

import numpy as np
import pytest
import torch

from search_engine.seeding import evaluation_seed, proposal_rng, seed_torch

DIGEST = "ab" * 32


def test_same_proposal_gets_the_same_stream():
    assert proposal_rng(7, 3, 1).random() == proposal_rng(7, 3, 1).random()


def test_seed_number_and_attempt_give_different_streams():
    arguments = [(s, n, a) for s in range(4) for n in range(4) for a in range(4)]
    assert len({proposal_rng(*each).random() for each in arguments}) == len(arguments)


def test_negative_seed_is_an_error():
    with pytest.raises(ValueError, match="non-negative"):
        proposal_rng(-1, 0)


def test_evaluation_seed_depends_on_run_and_architecture_only():
    assert evaluation_seed(1, DIGEST) == evaluation_seed(1, DIGEST)
    seeds = {evaluation_seed(s, d * 32) for s in range(5) for d in ("ab", "cd", "ef")}
    assert len(seeds) == 15


def test_evaluation_seed_fits_every_library_and_a_database_column():
    seeds = [evaluation_seed(s, DIGEST) for s in range(200)]
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert max(seeds) > 2**30


def test_proposals_and_evaluations_do_not_share_a_stream():
    number = int(DIGEST[:16], 16)
    training = np.random.default_rng(evaluation_seed(0, DIGEST)).random()
    assert proposal_rng(0, number).random() != training


def test_torch_repeats_inside_and_is_untouched_outside(monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    torch.manual_seed(0)  # noqa: TID251 - the state that must survive
    expected = torch.rand(2)
    torch.manual_seed(0)  # noqa: TID251
    with seed_torch(5):
        first = torch.rand(2)
        assert torch.are_deterministic_algorithms_enabled()
    with seed_torch(5):
        second = torch.rand(2)
    assert torch.equal(first, second)
    assert torch.equal(torch.rand(2), expected)
    assert not torch.are_deterministic_algorithms_enabled()
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ


def test_settings_are_restored_after_an_error(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    with pytest.raises(RuntimeError, match="inside"), seed_torch(1):
        raise RuntimeError("inside")
    assert not torch.are_deterministic_algorithms_enabled()
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"
