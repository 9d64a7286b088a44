"""Hostile bodies: a clear 4xx in the one shape, and nothing is created."""

import json

import pytest
from django.conf import settings

from experiments.models import Experiment
from tests.experiments.api.world import document

GOOD = json.dumps(document())
BAD = {
    "broken": b'{"name": ',
    "not text": b"\xff\xfe\x00",
    "a list": b"[]",
    "text": b'"hello"',
    "null": b"null",
    "a number": b"3",
    "NaN": b'{"name": NaN}',
    "infinity": b'{"budget": {"max_trials": -Infinity}}',
    "overflow": b'{"budget": {"max_seconds": 1e999}}',
    "huge integer": b'{"seeds": [' + b"9" * 4000 + b"]}",
    "beyond Python's limit": b'{"seeds": [' + b"9" * 5000 + b"]}",
    "64 bits": b'{"seeds": [9223372036854775808]}',
    "deep lists": b'{"name": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "very deep lists": b'{"name": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "deep objects": b'{"a":' * 60 + b"1" + b"}" * 60,
    "NUL": b'{"name": "a\\u0000b"}',
    "NUL in a key": b'{"a\\u0000b": 1}',
    "half a surrogate": b'{"name": "\\ud800"}',
    "wrong types": b'{"name": 3, "budget": [], "objectives": {}, "seeds": "x", "devices": 1}',
    "nulls": b'{"name": null, "budget": null, "objectives": null, "strategy": null}',
    "unknown keys": GOOD[:-1].encode() + b', "surprise": 1}',
    "empty": b"",
}


def assert_error_shape(response):
    body = response.json()
    assert set(body) == {"type", "errors"}
    assert body["type"] in ("validation_error", "client_error")
    for error in body["errors"]:
        assert set(error) == {"code", "detail", "attr"}
        assert error["detail"]


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("path", ["experiments/", "experiments/estimate/"])
def test_hostile_json_is_refused(api, path, name):
    response = api.generic("POST", path, BAD[name], content_type="application/json")
    assert 400 <= response.status_code < 500
    assert_error_shape(response)
    assert not Experiment.objects.exists()


def test_ten_megabytes_are_refused(api):
    body = json.dumps(document(name="x" * 10_000_000))
    response = api.generic("POST", "experiments/", body, content_type="application/json")
    assert response.status_code == 413
    assert_error_shape(response)


def test_a_body_that_hides_its_size_is_refused(api):
    """The middleware looks at the header, the parser at what arrives."""
    from io import BytesIO

    from experiments.api.parsers import BodyTooLarge, StrictJSONParser

    with pytest.raises(BodyTooLarge):
        StrictJSONParser().parse(BytesIO(b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)))


@pytest.mark.parametrize(
    "content_type", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "nonsense"]
)
def test_other_formats_are_415(api, content_type):
    response = api.generic("POST", "experiments/", GOOD, content_type=content_type)
    assert response.status_code == 415
    assert_error_shape(response)


def test_an_error_carries_the_path_of_the_value(api):
    body = json.dumps(document(strategy={"key": "nsga2", "config": {"population_size": 10**20}}))
    response = api.generic("POST", "experiments/", body, content_type="application/json")
    assert response.json()["errors"][0]["attr"] == "strategy.config.population_size"


YAML_BAD = {
    "alias bomb": "a: &a [x, x]\nb: &b [*a, *a]\nname: [*b, *b]",
    "python tag": "name: !!python/object/apply:os.system ['true']",
    "bytes": "name: !!binary aGVsbG8=",
    "a set": "name: !!set {a, b}",
    "twice": "name: a\nname: b",
    "number as key": "1: a",
    "not a mapping": "- a\n- b",
    "broken": "name: [",
    "two documents": "name: a\n---\nname: b",
    "deep": "name: " + "[" * 3000,
    "infinite": "budget: {max_seconds: .inf}",
    "NUL": 'name: "a\\0b"',
}


@pytest.mark.parametrize("name", YAML_BAD)
def test_hostile_yaml_is_refused(api, name):
    body = YAML_BAD[name].encode()
    response = api.generic("POST", "experiments/", body, content_type="application/yaml")
    assert 400 <= response.status_code < 500
    assert_error_shape(response)
    assert not Experiment.objects.exists()


def test_large_yaml_is_refused_before_it_is_parsed(api):
    body = b"name: " + b"x" * 300_000
    response = api.generic("POST", "experiments/", body, content_type="application/yaml")
    assert response.status_code == 413


@pytest.mark.parametrize(
    "content_type", ["application/yaml", "text/yaml", "application/x-yaml; charset=utf-8"]
)
def test_yaml_creates_what_json_creates(api, content_type):
    import yaml

    body = yaml.safe_dump(document()).encode()
    response = api.generic("POST", "experiments/", body, content_type=content_type)
    assert response.status_code == 201
    assert response.json()["name"] == "small"


def test_a_date_in_yaml_stays_text():
    from experiments.api.parsers import YamlParser

    assert YamlParser().load("name: 2025-01-31") == {"name": "2025-01-31"}
