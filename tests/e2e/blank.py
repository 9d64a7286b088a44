"""A blank page of a made-up host that can import the product's scripts; waiting in pages."""

import time
from pathlib import Path

from django.conf import settings
from playwright.sync_api import Browser, Page, Route

SITE = "http://live.test"
STATIC = Path(settings.BASE_DIR) / "static/js"
BLANK = "<!doctype html><title>-</title><div id=front-chips></div>"


def blank_page(chromium: Browser) -> Page:
    """Nothing but the scripts; whoever opens it closes its context."""
    page = chromium.new_context().new_page()
    page.route(f"{SITE}/**", lambda route: route.fulfill(body=BLANK, content_type="text/html"))
    page.route(f"{SITE}/static/js/**", _script)
    page.goto(f"{SITE}/experiments/7/")
    return page


def _script(route: Route) -> None:
    name = route.request.url.partition("/static/js/")[2]
    route.fulfill(body=(STATIC / name).read_text(), content_type="text/javascript")


def until(page: Page, condition: str, seconds: float = 30) -> None:
    """Wait for an expression to be true; the page's policy forbids Playwright's own way."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, f"still not true after {seconds} s: {condition}"
        page.wait_for_timeout(50)
