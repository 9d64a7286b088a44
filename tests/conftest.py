"""Fixtures for all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start the whole product run in one xdist process, one after the other."""
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.xdist_group("stack"))


@pytest.fixture(autouse=True)
def _own_data_folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Tests that use the database write files to a folder of their own."""
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        folder: Path = tmp_path_factory.mktemp("var")
        request.getfixturevalue("settings").NASWEB_VAR = folder


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    """The test session's Valkey, empty; each xdist worker has its own database of it."""
    with redis.Redis.from_url(settings.REDIS_URL, decode_responses=True) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def alice(db: None) -> User:
    """The user who owns things."""
    return User.objects.create_user("alice", password="alice-password")


@pytest.fixture
def mallory(db: None) -> User:
    """A user who owns nothing and must learn nothing."""
    return User.objects.create_user("mallory", password="mallory-password")


@pytest.fixture
def staff(db: None) -> User:
    """A user who manages devices."""
    return User.objects.create_user("staff", password="staff-password", is_staff=True)
