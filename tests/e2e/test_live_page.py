"""The live page against the real stack: lost sockets, frozen views, zoom, steering, tables."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.e2e.blank import until
from tests.e2e.stack import Stack
from tests.experiments.work import document

pytestmark = pytest.mark.e2e

SHOWN = """() => ({
  rows: document.querySelectorAll("#candidates tbody tr").length,
  front: [...document.querySelectorAll("#front-chips .chip-toggle")].map((x) => x.textContent),
  volume: document.querySelector("#kpi-hypervolume .kpi-value").textContent,
  best: document.querySelector("#kpi-best .kpi-value").textContent,
  progress: document.querySelector("#progress-text").textContent.split(" · ")[0],
  log: document.querySelectorAll("#log li").length,
})"""
GRAPH = "document.querySelector('#front-graph .js-plotly-plot')"
RANGE = f"{GRAPH}.layout.xaxis.range"


@pytest.fixture
def sockets() -> list[WebSocketRoute]:
    """The page's sockets, which pass through here and can be cut."""
    return []


@pytest.fixture
def page(stack: Stack, chromium: Browser, sockets: list[WebSocketRoute]) -> Iterator[Page]:
    """Signed in; fails on errors in the page and on requests to other hosts."""
    context = chromium.new_context(viewport={"width": 1360, "height": 1000})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    local = (stack.url, "blob:", "data:")
    page.on("request", lambda r: r.url.startswith(local) or problems.append(r.url))
    page.on("console", lambda m: "Security Policy" in m.text and problems.append(m.text))

    def through(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page.route_web_socket("**/ws/**", through)
    page.goto(stack.url)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(stack.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/experiments/")
    yield page
    context.close()
    assert problems == []


def start(stack: Stack, **changes: Any) -> str:
    """Create an experiment; returns its id."""
    return stack.post("/api/v1/experiments/", document(**changes))["id"]


def opened(page: Page, stack: Stack, key: str) -> Page:
    page.goto(f"{stack.url}/experiments/{key}/")
    expect(page.locator("#front-chart .main-svg").first).to_be_visible(timeout=60_000)
    expect(page.locator("#connection")).to_have_text("live")
    return page


def settled(page: Page, stack: Stack, key: str) -> None:
    """Wait until the front chart and the best candidate show what the API knows."""
    front = stack.get(f"/api/v1/experiments/{key}/front/")
    drawn = f"{GRAPH}.data.find((trace) => trace.meta === 'front')"
    until(page, f"{drawn}.x.length === {front['size']}")
    expect(page.locator("#best-link")).to_have_text(f"#{front['best']}")


def test_a_page_that_loses_its_socket_ends_with_the_numbers_of_a_fresh_one(page, stack, sockets):
    key = start(stack, name="cut", budget={"max_trials": 8})
    opened(page, stack, key)
    for cut in (1, 2):
        expect(page.locator("#candidates tbody tr").nth(2 * cut)).to_be_visible(timeout=120_000)
        sockets[-1].close(code=1011)
        expect(page.locator("#connection")).to_contain_text("reconnecting")
        expect(page.locator("[data-action=extend]")).to_be_disabled()
        expect(page.locator("#connection")).to_have_text("live", timeout=30_000)
    expect(page.locator("#status")).to_have_text("Done", timeout=240_000)
    expect(page.locator("#progress-text")).to_contain_text("8 / 8")
    settled(page, stack, key)
    lived = page.evaluate(SHOWN)
    assert len(sockets) >= 3  # a busy host may lose one more
    opened(page, stack, key)
    expect(page.locator("#front-chips .chip-toggle").first).to_be_visible()
    fresh = page.evaluate(SHOWN)
    ages = [chip for chip in lived["front"] if not chip.startswith("new")]
    assert [chip for chip in fresh["front"] if not chip.startswith("new")] == ages
    assert {**fresh, "front": 0} == {**lived, "front": 0}
    assert lived["rows"] == 8


def test_a_frozen_view_holds_still_and_catches_up(page, stack):
    key = start(stack, name="frozen", budget={"max_trials": 6})
    opened(page, stack, key)
    expect(page.locator("#candidates tbody tr").nth(1)).to_be_visible(timeout=120_000)
    page.keyboard.press("f")
    rows = page.locator("#candidates tbody tr").count()
    expect(page.locator("#status")).to_have_text("Done", timeout=240_000)
    expect(page.locator("#connection")).to_contain_text("frozen by you")
    assert page.locator("#candidates tbody tr").count() == rows
    page.keyboard.press("f")
    expect(page.locator("#candidates tbody tr")).to_have_count(6)
    expect(page.locator("#connection")).to_have_text("live")


def test_an_update_does_not_take_the_zoom_away(page, stack):
    key = start(stack, name="zoom", budget={"max_trials": 6})
    opened(page, stack, key)
    expect(page.locator("#front-chart .scatterlayer .point").first).to_be_visible(timeout=120_000)
    whole = page.evaluate(RANGE)
    box = page.locator("#front-chart .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 260, steps=5)
    page.mouse.up()
    until(page, f"{RANGE}[0] !== {whole[0]}")
    zoomed = page.evaluate(RANGE)
    expect(page.locator("#status")).to_have_text("Done", timeout=240_000)
    settled(page, stack, key)
    assert page.evaluate(RANGE) == pytest.approx(zoomed)
    page.locator("#front-chart .nsewdrag").first.dblclick(position={"x": 5, "y": 5})
    until(page, f"{RANGE}[0] < {zoomed[0]} && {RANGE}[1] > {zoomed[1]}")


def test_pause_resume_and_stop_answer_at_once_and_then_for_good(page, stack):
    key = start(stack, name="steered", budget={"max_trials": 60})
    opened(page, stack, key)
    expect(page.locator("#status")).to_have_text("Running", timeout=120_000)
    page.keyboard.press("p")
    expect(page.locator("#status")).to_have_text("Paused", timeout=20_000)
    expect(page.locator("#banner")).to_contain_text("Paused by admin")
    expect(page.locator("[data-action=pause]")).to_be_hidden()
    page.keyboard.press("p")
    expect(page.locator("#status")).to_have_text("Running", timeout=20_000)
    page.locator("[data-action=stop]").click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#status")).to_have_text("Running")
    page.locator("[data-action=stop]").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#status")).to_have_text("Stopped", timeout=20_000)
    expect(page.locator("[data-action=stop]")).to_be_hidden()
    assert stack.get(f"/api/v1/experiments/{key}/")["status"] == "stopped"


def test_charts_have_tables_and_the_table_can_be_sorted(page, stack):
    key = start(stack, name="tables", budget={"max_trials": 4})
    stack.wait_until_finished(key, 240)
    opened(page, stack, key)
    for name in ("front", "hypervolume", "losses"):
        page.locator(f"button[data-twin={name}]").click()
        rows = page.locator(f"[data-twin-of={name}] tbody tr")
        expect(rows.first).to_be_visible()
        expect(page.locator(f"#{name}-chart")).to_be_hidden()
        page.locator(f"button[data-twin={name}]").click()
        expect(page.locator(f"#{name}-chart")).to_be_visible()
    page.locator("th [data-key=macs]").click()
    expect(page.locator("th[data-column=macs]")).to_have_attribute("aria-sort", "ascending")
    trials = stack.get(f"/api/v1/experiments/{key}/trials/?ordering=macs")["results"]
    shown = page.locator("#candidates tbody a").all_text_contents()
    assert shown == [f"#{trial['number']}" for trial in trials]
