"""Under /api/ every error has the one JSON shape, whoever raised it."""

import json

import pytest
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db
KINDS = ("validation_error", "client_error", "server_error")


def errors_of(response, status):
    """Check status and shape; return the list of errors."""
    assert response.status_code == status, response.content[:300]
    assert response.headers["Content-Type"].startswith("application/json")
    body = response.json()
    assert set(body) == {"type", "errors"}
    assert body["type"] in KINDS
    assert body["errors"]
    for error in body["errors"]:
        assert set(error) == {"code", "detail", "attr"}
        assert error["detail"]
    return body["errors"]


@pytest.fixture
def signed_in(client, alice):
    client.force_login(alice)
    return client


def test_no_token(client):
    response = client.get("/api/v1/experiments/")
    assert errors_of(response, 401)[0]["code"] == "not_authenticated"
    assert response.headers["WWW-Authenticate"].startswith("Token")


def test_an_unknown_token(client):
    response = client.get("/api/v1/experiments/", headers={"Authorization": "Token nonsense"})
    errors_of(response, 401)


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v1/no-such-thing/", "/api/v2/x/"])
def test_an_address_that_does_not_exist(signed_in, path):
    response = signed_in.get(path)
    assert errors_of(response, 404)[0]["code"] == "not_found"


def test_a_page_that_does_not_exist_stays_a_page(signed_in):
    response = signed_in.get("/no-such-page/")
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


def test_a_foreign_or_unknown_id(signed_in):
    path = "/api/v1/experiments/00000000-0000-4000-8000-000000000000/"
    errors_of(signed_in.get(path), 404)


def test_a_wrong_method(signed_in):
    response = signed_in.put("/api/v1/catalog/", "{}", content_type="application/json")
    assert errors_of(response, 405)[0]["code"] == "method_not_allowed"


@pytest.mark.parametrize("body", ["{", "", "[1, 2]", '"text"', '{"a": NaN}', "\xff", "{}" * 3])
def test_broken_json(signed_in, body):
    response = signed_in.post("/api/v1/experiments/", body, content_type="application/json")
    errors_of(response, 400)


def test_a_format_that_is_not_read(signed_in):
    response = signed_in.post("/api/v1/experiments/", "<a/>", content_type="application/xml")
    errors_of(response, 415)


@pytest.mark.parametrize("size", [10 * 10**6, 10 * 2**20])
def test_ten_megabytes(signed_in, size):
    body = json.dumps({"name": "x" * size})
    response = signed_in.post("/api/v1/experiments/", body, content_type="application/json")
    (error,) = errors_of(response, 413)
    assert f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,}" in error["detail"]


def test_a_body_without_a_declared_length(signed_in):
    response = signed_in.generic(
        "POST", "/api/v1/experiments/", b"", content_type="application/json"
    )
    errors_of(response, 400)


def test_a_page_of_too_many_rows(signed_in):
    for limit in ("0", "1001", "-1", "ten", "9" * 40):
        (error,) = errors_of(signed_in.get("/api/v1/experiments/", {"limit": limit}), 400)
        assert error["attr"] == "limit"
        assert "1 to 1000" in error["detail"]


def test_a_session_without_a_csrf_token(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    response = client.post("/api/v1/experiments/", "{}", content_type="application/json")
    errors_of(response, 403)


def test_a_host_name_that_is_not_ours(signed_in):
    errors_of(signed_in.get("/api/v1/experiments/", headers={"Host": "evil.example"}), 400)


@pytest.mark.urls("tests.nasweb.broken_urls")
@pytest.mark.parametrize("path", ["/api/v1/rest/", "/api/v1/plain/"])
def test_a_bug_is_a_500_that_tells_no_secrets(alice, path):
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    (error,) = errors_of(client.get(path), 500)
    assert error["code"] == "error"
    assert "secret" not in error["detail"]


@pytest.mark.urls("tests.nasweb.broken_urls")
def test_an_error_of_the_engine_is_about_what_was_sent(signed_in):
    (error,) = errors_of(signed_in.get("/api/v1/engine/"), 400)
    assert error == {
        "code": "invalid",
        "detail": "Must be positive, got -1.",
        "attr": "strategy.population_size",
    }


@pytest.mark.urls("tests.nasweb.broken_urls")
def test_a_state_that_forbids_it_is_a_conflict(signed_in):
    (error,) = errors_of(signed_in.get("/api/v1/state/"), 409)
    assert error["code"] == "state_conflict"
    assert "running" in error["detail"]
