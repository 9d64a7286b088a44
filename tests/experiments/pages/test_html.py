"""Rules that every page keeps: no foreign host, no inline script, only links that work."""

from html.parser import HTMLParser

import pytest
from django.urls import resolve
from django.urls.exceptions import Resolver404

pytestmark = pytest.mark.django_db

PAGES = [
    "/login/", "/experiments/", "/experiments/?state=done", "/experiments/?q=zzz",
    "/experiments/new/", "/experiments/new/?template=cell-table", "/nothing-here/",
    "/devices/", "/devices/local-cpu/", "/devices/new/", "/devices/new/?kind=agent",
    "/devices/compare/",
]  # fmt: skip


class Page(HTMLParser):
    """Collects addresses, scripts, handlers, ids and labels."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.links: list[str] = []
        self.scripts: list[dict[str, str | None]] = []
        self.handlers: list[str] = []
        self.ids: list[str] = []
        self.headings = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.addresses += [values[name] for name in ("href", "src", "action") if values.get(name)]
        self.handlers += [name for name in values if name.startswith("on")]
        if tag == "a":
            self.links.append(values["href"])
        if tag == "script":
            self.scripts.append(values)
        if tag == "h1":
            self.headings += 1
        if values.get("id"):
            self.ids.append(values["id"])


@pytest.fixture(params=PAGES)
def page(request, client, staff, make, cpu):
    if request.param != "/login/":
        client.force_login(staff)
        make("done", results=[(0.9, 1000)], owner=staff)
    return Page(client.get(request.param).content.decode())


def test_nothing_is_loaded_from_another_host(page):
    assert page.addresses
    assert [address for address in page.addresses if "//" in address] == []


def test_no_script_is_inline(page):
    executable = [script for script in page.scripts if script.get("type") != "application/json"]
    assert executable
    assert all(script.get("src") for script in executable)
    assert page.handlers == []


def test_every_link_leads_somewhere(page):
    for link in page.links:
        path = link.partition("?")[0].partition("#")[0]
        if path:
            try:
                resolve(path)
            except Resolver404:
                pytest.fail(f"{link} leads nowhere")


def test_one_main_heading_and_no_id_twice(page):
    assert page.headings == 1
    assert len(page.ids) == len(set(page.ids))


def test_only_staff_is_offered_the_administration(client, alice, staff):
    client.force_login(alice)
    assert "/admin/" not in client.get("/experiments/").content.decode()
    client.force_login(staff)
    assert "/admin/" in client.get("/experiments/").content.decode()


def test_the_admin_wears_our_colours(client, admin_client):
    html = admin_client.get("/admin/").content.decode()
    assert "css/admin.css" in html
    assert "NASWeb" in html
