"""One running stack for all end-to-end tests, and a browser for each of their files."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import Stack

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The product as `make run` starts it. Not below pytest's folder: that is private to root."""
    with tempfile.TemporaryDirectory(prefix="nasweb-e2e-", ignore_cleanup_errors=True) as folder:
        running = Stack(Path(folder))
        running.start()
        yield running
        running.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    """A headless Chromium: Debian's if it is there, else the one Playwright installed.

    It ends with the file that uses it: while Playwright runs, an event loop runs in this thread,
    and Django refuses to be called from there.
    """
    from playwright.sync_api import Error, sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        except Error as error:
            pytest.skip(
                "No Chromium: install Debian's package `chromium` or run "
                f"`playwright install chromium`. ({str(error).splitlines()[0]})"
            )
        yield browser
        browser.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser on a busy host may miss a deadline once; twice is a failure."""
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.flaky(reruns=1))
