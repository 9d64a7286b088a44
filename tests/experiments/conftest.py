"""Fixtures for tests of the product: an empty broker, so that doorbells go nowhere."""

import pytest

from hardware_profiles.models import Device
from hardware_profiles.services import create_device


@pytest.fixture(autouse=True)
def _empty_broker(broker):
    """Messages of one test are not heard by the next."""


@pytest.fixture
def cpu(db) -> Device:
    """This host under PyTorch."""
    return create_device(slug="local-cpu", name="This CPU", kind="local", runtime="pytorch")
