"""Fixtures for all tests."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User


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


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], browser_type: Any
) -> dict[str, Any]:
    """The system's Chromium, else Playwright's; without either, browser tests are skipped."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None and not Path(browser_type.executable_path).exists():
        pytest.skip("There is no browser. Install Chromium, or run: playwright install chromium")
    options = browser_type_launch_args | ({"executable_path": program} if program else {})
    if os.geteuid() == 0:
        options["args"] = [*options.get("args", ()), "--no-sandbox"]
    return options
