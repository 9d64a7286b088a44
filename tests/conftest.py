"""Fixtures for all tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from xdist.scheduler import LoadScopeScheduling

STACK_FILES = ("tests/nasweb/test_supervisor.py",)


class FilesInOrder(LoadScopeScheduling):
    """Each xdist process takes a file at a time; one of them takes all that start the product."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "stack" if file.startswith("tests/e2e/") or file in STACK_FILES else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesInOrder:
    """The scheduler of `pytest -n`."""
    return FilesInOrder(config, log)


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
