"""Fixtures for the engine's tests."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Train as workers do: test processes share the cores."""
    from search_engine.training.threads import use_one_thread

    use_one_thread()
