"""The OpenAPI description: valid, complete, readable, and the same as docs/api.md."""

import io
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

DOCS = Path(__file__).parents[3] / "docs" / "api.md"
OPEN = ("/api/v1/auth/token/", "/api/v1/agents/register/")
OPERATIONS = [
    (method, path, operation)
    for path, item in SchemaGenerator().get_schema(public=True)["paths"].items()
    for method, operation in item.items()
]


def test_the_schema_is_valid_and_raises_no_warning():
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS, ids=lambda value: str(value)[:60]
)
def test_every_operation_is_explained(method, path, operation):
    assert operation["summary"], "the docstring of the view's method"
    assert "Args" not in operation["description"]
    success = [code for code in operation["responses"] if code.startswith("2")]
    assert len(success) == 1
    errors = {code for code in operation["responses"] if code.startswith("4")}
    assert "429" in errors
    assert ("401" in errors) == (path not in OPEN)
    for code in errors:
        content = operation["responses"][code]["content"]["application/json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Error"}


def test_what_creates_takes_an_idempotency_key():
    creating = [
        (path, operation) for method, path, operation in OPERATIONS
        if method == "post" and {"201", "202"} & set(operation["responses"])
    ]  # fmt: skip
    assert len(creating) >= 7
    for path, operation in creating:
        headers = {parameter["name"] for parameter in operation.get("parameters", [])}
        assert "Idempotency-Key" in headers, path


def test_the_documentation_names_every_endpoint_and_no_other():
    named = set(re.findall(r"`((?:GET|POST|PATCH|DELETE) [a-z][^`? ]*)`", DOCS.read_text()))
    known = {f"{method.upper()} {path.removeprefix('/api/v1/')}" for method, path, _ in OPERATIONS}
    assert named == known


def test_the_schema_is_served_to_everyone(client, db):
    response = client.get("/api/v1/schema/")
    assert response.status_code == 200
    assert response.content.startswith(b"openapi: 3.1")


def test_swagger_loads_nothing_from_elsewhere(client, db):
    page = client.get("/api/v1/docs/").content.decode()
    loaded = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
    assert loaded
    assert all(address.startswith("/") for address in loaded)
    assert "<script>" not in page, "the content security policy forbids inline scripts"
