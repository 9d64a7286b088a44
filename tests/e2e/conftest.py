"""One running stack and one browser for all end-to-end tests of a session."""

import shutil
from collections.abc import Iterator

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
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product as `make run` starts it."""
    running = Stack(tmp_path_factory.mktemp("stack"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """A headless Chromium: Debian's if it is there, else the one Playwright installed."""
    from playwright.sync_api import Error, sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
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
