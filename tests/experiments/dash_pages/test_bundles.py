"""Bundles travel without cookies, compressed, for ever, and nothing else of a package does."""

import gzip
from pathlib import Path

import pytest
from django.conf import settings

from experiments.dash_pages.bundles import plotly_url

pytestmark = pytest.mark.django_db

SUITE = "/dash/_dash-component-suites/"


def test_plotly_is_compressed_and_kept_for_ever_without_cookies(client, alice):
    client.force_login(alice)
    answer = client.get(plotly_url(), headers={"Accept-Encoding": "gzip, br"})
    assert answer["Content-Encoding"] == "gzip"
    assert "immutable" in answer["Cache-Control"]
    assert answer["Vary"] == "Accept-Encoding"
    assert not answer.cookies
    plain = client.get(plotly_url())
    assert "Content-Encoding" not in plain
    assert gzip.decompress(answer.content) == plain.content
    assert b"plotly.js" in plain.content[:200]


def test_it_is_compressed_once(client):
    client.get(plotly_url(), headers={"Accept-Encoding": "gzip"})
    [kept] = (Path(settings.NASWEB_VAR) / "cache" / "bundles").iterdir()
    before = kept.stat().st_mtime_ns
    client.get(plotly_url(), headers={"Accept-Encoding": "gzip"})
    assert kept.stat().st_mtime_ns == before


def test_a_name_without_a_version_is_not_kept_for_ever(client):
    answer = client.get(f"{SUITE}plotly/package_data/plotly.min.js")
    assert "immutable" not in answer["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    [
        "dash/dash.py", "dash/../django/conf/global_settings.py",
        "plotly/package_data/../io/_json.py",
        "django/conf/global_settings.py", "dash/dcc/dash_core_components.js.map", "dash/dcc/",
        "dash//etc/passwd", "os/x.js",
    ],
)  # fmt: skip
def test_nothing_else_is_served(client, path):
    assert client.get(SUITE + path).status_code == 404
