"""A finished small experiment of Alice's, and how a renderer talks to its page."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from experiments.models import Experiment, Trial
from tests.experiments.pages.finished import finished

Call = Callable[..., HttpResponse]


@pytest.fixture
def searched(alice) -> Experiment:
    """Six candidates of Alice's."""
    return finished(alice)


@pytest.fixture
def trial(searched) -> Trial:
    """A trained candidate on the front."""
    return searched.trials.filter(on_front=True).first()


@pytest.fixture
def call(searched) -> Call:
    """Send a callback request to the live page of the experiment."""

    def _call(client: Client, output: str, component: str, value: Any, **more: Any) -> HttpResponse:
        name, _, prop = output.partition(".")
        body = {
            "output": output,
            "outputs": {"id": name, "property": prop},
            "inputs": [{"id": component, "property": "data", "value": value}],
            "changedPropIds": [f"{component}.data"],
            "state": [],
            **more,
        }
        path = f"/dash/live/{searched.pk}/_dash-update-component"
        return client.post(path, json.dumps(body), content_type="application/json")

    return _call
