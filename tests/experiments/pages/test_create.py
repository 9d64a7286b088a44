"""The create page as the server sends it: what the form is filled in with."""

import json
import re
import uuid

import pytest

from experiments.pages.starting_points import TEMPLATES
from experiments.spec import check_spec

pytestmark = pytest.mark.django_db

URL = "/experiments/new/"


def embedded(response, name: str):
    """A JSON document inside the page."""
    html = response.content.decode()
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', html)
    return json.loads(found.group(1)) if found else None


@pytest.fixture
def signed_in(client, alice):
    client.force_login(alice)
    return client


def test_the_default_document_is_accepted_as_it_is(signed_in, cpu):
    check_spec(embedded(signed_in.get(URL), "start-document"))


@pytest.mark.parametrize("key", TEMPLATES)
def test_a_template_fills_the_form(signed_in, key):
    response = signed_in.get(URL, {"template": key})
    assert embedded(response, "start-document") == TEMPLATES[key].document


def test_an_unknown_template_gives_the_default(signed_in):
    response = signed_in.get(URL, {"template": "nope"})
    assert embedded(response, "start-document")["search_space"] == "mbconv-tiny"


def test_a_clone_starts_from_its_parent_under_another_name(signed_in, make):
    parent = make(name="first", seeds=[4])
    response = signed_in.get(URL, {"from": str(parent.pk)})
    start = embedded(response, "start-document")
    assert start["name"] == "first (clone)"
    assert embedded(response, "parent-document") == parent.config
    assert {**start, "name": "first"} == parent.config
    assert f'data-from="{parent.pk}"' in response.content.decode()


def test_a_clone_of_the_longest_name_keeps_within_the_limit(signed_in, make):
    parent = make(name="x" * 200)
    response = signed_in.get(URL, {"from": str(parent.pk)})
    assert len(embedded(response, "start-document")["name"]) == 200


@pytest.mark.parametrize("origin", ["nonsense", str(uuid.UUID(int=4))])
def test_cloning_what_is_not_there_is_404(signed_in, origin):
    assert signed_in.get(URL, {"from": origin}).status_code == 404


def test_names_cannot_break_out_of_the_embedded_document(signed_in, make):
    parent = make(name="</script><script>alert(1)</script>")
    html = signed_in.get(URL, {"from": str(parent.pk)}).content.decode()
    assert "<script>alert" not in html


def test_the_page_sets_the_cookie_that_requests_need(signed_in):
    assert "csrftoken" in signed_in.get(URL).cookies
