"""The create form in a browser: inline errors, drafts, both views of the document, the start."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.stack import Stack

pytestmark = pytest.mark.e2e


@pytest.fixture
def page(stack: Stack, chromium: Browser) -> Iterator[Page]:
    """The create page, signed in, drawn and estimated; fails on errors and foreign requests."""
    context = chromium.new_context(viewport={"width": 1360, "height": 900})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda r: r.url.startswith(stack.url) or problems.append(r.url))
    page.goto(f"{stack.url}/login/?next=/experiments/new/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(stack.password)
    page.get_by_role("button", name="Sign in").click()
    estimated(page)
    yield page
    context.close()
    assert problems == []


def estimated(page: Page) -> None:
    """Wait for an estimate of the document as it is."""
    expect(page.locator("#estimate[data-state=fresh]")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Start the search")).to_be_enabled()


def at(page: Page, path: str):
    """Control of a field by its dotted path."""
    return page.locator(f"[data-path='{path}'] input")


def test_a_limit_that_nothing_meets_is_said_before_the_start(page):
    limit = at(page, "constraints.1")
    limit.fill("10")
    said = page.locator("#estimate").get_by_text("the nearest has")
    expect(said).to_be_visible(timeout=60_000)
    limit.blur()
    expect(page.locator("[data-path='constraints.1'] .field-error")).to_contain_text("Relax")
    limit.fill("200000")
    estimated(page)
    expect(page.locator(".is-invalid")).to_have_count(0)


def test_a_mistake_is_named_beside_its_field_and_nothing_is_cleared(page):
    name, population = (
        page.get_by_label("Name", exact=True),
        at(page, "strategy.config.population_size"),
    )
    name.fill("kept")
    population.fill("1")
    population.blur()
    expect(
        page.locator("[data-path='strategy.config.population_size'] .field-error")
    ).to_contain_text("got 1")
    page.keyboard.press("Control+Enter")
    summary = page.get_by_role("alert").get_by_role("link", name="Population size")
    expect(summary).to_be_visible(timeout=60_000)
    summary.click()
    expect(population).to_be_focused()
    expect(name).to_have_value("kept")
    assert page.url.endswith("/experiments/new/")


def test_drafts_survive_a_reload_and_can_be_dropped(page):
    page.get_by_label("Name", exact=True).fill("half done")
    expect(page.locator("#estimate[data-state=stale]")).to_be_visible()
    estimated(page)
    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_have_value("half done")
    page.get_by_role("button", name="Start over").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("MBConv on this CPU")


def test_the_form_and_its_json_are_the_same_document(page):
    at(page, "budget.max_trials").fill("7")
    page.get_by_role("tab", name="JSON").click()
    text = page.get_by_label("The experiment as JSON")
    document = json.loads(text.input_value())
    assert document["budget"]["max_trials"] == 7
    document["strategy"] = {"key": "random_search", "config": {}}
    document["budget"]["max_trials"] = 9
    text.fill(json.dumps(document))
    text.press("End")
    text.type("garbage")
    expect(page.get_by_text("Not JSON yet")).to_be_visible()
    page.get_by_role("tab", name="Form").click()
    expect(page.get_by_role("radio", name="Random search")).to_be_checked()
    expect(at(page, "budget.max_trials")).to_have_value("9")


def test_the_form_starts_what_it_shows(page, stack):
    page.get_by_label("Name", exact=True).fill("from the form")
    at(page, "budget.max_trials").fill("3")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/experiments/*-*-*/", timeout=60_000)
    key = page.url.rstrip("/").rpartition("/")[2]
    stack.post(f"/api/v1/experiments/{key}/cancel/")
    detail = stack.experiment(key)
    assert detail["name"] == "from the form"
    page.goto(f"{stack.url}/experiments/new/?from={key}")
    estimated(page)
    expect(page.locator("#difference-count")).to_have_text("1 field differs from the parent")
    at(page, "seeds").fill("0, 1")
    expect(page.locator("#difference-count")).to_have_text("2 fields differ from the parent")
