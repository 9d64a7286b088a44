"""Alice owns an experiment and shares it with Bob; Mallory has nothing."""

import pytest
from django.contrib.auth.models import User

from experiments.models import Experiment
from tests.experiments.api.world import Client, experiment_of


@pytest.fixture
def bob(db) -> User:
    """Alice shares with him."""
    return User.objects.create_user("bob", password="bob-password")


@pytest.fixture
def experiment(alice, bob) -> Experiment:
    """Alice's, queued, shared with Bob."""
    experiment = experiment_of(alice)
    experiment.shared_with.add(bob)
    return experiment


@pytest.fixture
def api(alice) -> Client:
    """Alice's client."""
    return Client(alice)


@pytest.fixture
def anonymous(db) -> Client:
    """A client without credentials."""
    return Client()
