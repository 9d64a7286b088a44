"""Devices in a browser: describe one, import a table, choose two, profile and cancel."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.stack import Stack

pytestmark = pytest.mark.e2e

ROWS = [f"{a} {b} 0 0 0 0,{1 + a + b / 10},ms\n" for a in (0, 3) for b in range(5)]
CSV = "arch,value,unit\n" + "".join(ROWS)


@pytest.fixture
def page(stack: Stack, chromium: Browser) -> Iterator[Page]:
    """The list of devices, signed in as staff; fails on errors and foreign requests."""
    context = chromium.new_context(viewport={"width": 1360, "height": 900})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda r: r.url.startswith((stack.url, "blob:")) or problems.append(r.url))
    page.goto(f"{stack.url}/login/?next=/devices/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(stack.password)
    page.get_by_role("button", name="Sign in").click()
    yield page
    context.close()
    assert problems == []


def test_a_description_becomes_a_device_once_its_errors_are_corrected(page):
    page.get_by_role("link", name="New device").click()
    page.get_by_role("link", name="Description").click()
    page.get_by_label("Name", exact=True).fill("Small Board")
    expect(page.get_by_label("Short name")).to_have_value("small-board")
    page.get_by_label("Peak, 32-bit float").fill("100")
    page.get_by_label("Memory bandwidth").fill("fast")
    page.get_by_role("button", name="Create the device").click()
    expect(page.locator('[data-path="descriptor.mem_bw_gbs"] .field-error')).to_contain_text("fast")
    page.get_by_label("Memory bandwidth").fill("20")
    page.get_by_role("button", name="Create the device").click()
    page.wait_for_url("**/devices/small-board/")
    expect(page.get_by_text("100 GFLOP/s peak")).to_be_visible()


def test_a_table_is_looked_at_before_it_is_imported_and_rolled_back_after(page, stack):
    page.goto(f"{stack.url}/devices/new/?kind=table")
    page.get_by_label("Name", exact=True).fill("Bench table")
    page.get_by_role("button", name="Create the device").click()
    page.wait_for_url("**/devices/bench-table/import/")
    confirm = page.locator("#confirm")
    for number, text in enumerate((CSV, CSV.replace(",1.0,ms", ",2.0,ms") + "9 9 9 9 9 9,1,ms\n")):
        page.goto(f"{stack.url}/devices/bench-table/import/")
        page.get_by_label("Search space of the architectures").select_option("nasbench201")
        file = {"name": f"{number}.csv", "mimeType": "text/csv", "buffer": text.encode()}
        page.locator("#file").set_input_files(file)
        page.get_by_role("button", name="Look at what it changes").click()
        expect(confirm).to_contain_text("Import 10 rows")
        if number:
            expect(page.locator("#dry-body")).to_contain_text("▲ +100.0 %")
            expect(page.locator("#dry-body")).to_contain_text("Rejected (1)")
        confirm.click()
        page.wait_for_url("**/devices/bench-table/")
    use = page.get_by_role("button", name="Use this one")
    expect(page.locator("#imports tbody tr")).to_have_count(2)
    use.click()
    expect(page.locator("#imports tbody tr").nth(1)).to_contain_text("in use")


def test_a_profiling_run_is_followed_and_cancelled(page, stack):
    page.goto(f"{stack.url}/devices/local-cpu/")
    page.get_by_label("Search space").select_option("mbconv-tiny")
    page.get_by_role("button", name="Profile this device").click()
    run = page.locator("[data-job]")
    expect(run.get_by_role("progressbar")).to_be_visible(timeout=30_000)
    run.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.get_by_role("button", name="Profile this device")).to_be_enabled(timeout=60_000)


def test_two_ticked_devices_are_compared(page):
    two = re.compile(r"/devices/compare/\?d=.*&d=")
    boxes = page.get_by_role("checkbox")
    compare = page.get_by_role("button", name="Compare")
    expect(compare).to_be_disabled()
    boxes.nth(0).check()
    boxes.nth(1).check()
    compare.click()
    expect(page).to_have_url(two)
    expect(page.get_by_role("heading", name="Compare devices")).to_be_visible()
