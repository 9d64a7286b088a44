"""The device endpoints: who may what, what comes back, what is refused."""

import pytest
from django.test import Client
from django.urls import reverse

from hardware_profiles.models import Device
from hardware_profiles.services import create_device, set_active, store_measurement

LIST = "/api/v1/devices/"
NEW = {"slug": "two-threads", "name": "Two threads", "runtime": "onnxruntime"}


@pytest.fixture
def measured(device, timed):
    network, result = timed(2.0)
    return store_measurement(device=device, network=network, result=result)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("get", LIST, (401, 200, 200)),
        ("get", LIST + "local-cpu/", (401, 200, 200)),
        ("get", LIST + "local-cpu/measurements/", (401, 200, 200)),
        ("post", LIST, (401, 403, 201)),
        ("patch", LIST + "local-cpu/", (401, 403, 200)),
        ("delete", LIST + "local-cpu/", (401, 403, 405)),
        ("put", LIST + "local-cpu/", (401, 403, 405)),
        ("post", LIST + "local-cpu/measurements/", (401, 403, 405)),
        ("get", LIST + "nowhere/", (401, 404, 404)),
        ("get", LIST + "nowhere/measurements/", (401, 404, 404)),
        ("patch", LIST + "nowhere/", (401, 403, 404)),
    ],
)
def test_everybody_reads_and_staff_writes(device, alice, staff, method, path, expected):
    def status(someone):
        client = Client()
        if someone:
            client.force_login(someone)
        body = NEW if method == "post" else {"notes": "seen"}
        response = getattr(client, method)(path, body, content_type="application/json")
        if response.status_code >= 400:
            assert set(response.json()) == {"type", "errors"}
        return response.status_code

    assert (status(None), status(alice), status(staff)) == expected


def test_a_device_tells_what_it_is(client, device, alice):
    client.force_login(alice)
    row = client.get(LIST + "local-cpu/").json()
    assert row["slug"] == "local-cpu"
    assert (row["kind"], row["runtime"], row["threads"]) == ("local", "pytorch", 1)
    assert (row["precision"], row["batch_size"]) == ("fp32", 1)
    assert row["spec"]["logical_cores"] >= 1
    assert row["status"] == "unmeasured"
    assert row["predictor"] is None
    assert row["last_measured_at"] is None


def test_the_list_has_pages_and_filters(client, device, alice):
    create_device(slug="a-second", name="Second", runtime="onnxruntime")
    set_active(devices=[device], active=False)
    client.force_login(alice)
    first = client.get(LIST, {"limit": 1}).json()
    assert [row["slug"] for row in first["results"]] == ["a-second"]
    second = client.get(first["next"]).json()
    assert [row["slug"] for row in second["results"]] == ["local-cpu"]
    assert second["next"] is None

    def slugs(**filters):
        return [row["slug"] for row in client.get(LIST, filters).json()["results"]]

    assert slugs(is_active="true") == ["a-second"]
    assert slugs(runtime="pytorch") == ["local-cpu"]
    assert client.get(LIST, {"runtime": "abacus"}).status_code == 400


def test_staff_creates_a_device(client, staff, db):
    client.force_login(staff)
    response = client.post(LIST, NEW | {"notes": "x"}, content_type="application/json")
    assert response.status_code == 201
    assert response.json()["status"] == "unmeasured"
    device = Device.objects.get(slug="two-threads")
    assert (device.runtime, device.notes, device.kind) == ("onnxruntime", "x", "local")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"slug": None}, "slug", "string"),
        ({"slug": "Not A Slug"}, "slug", "Not A Slug"),
        ({"slug": "local-cpu"}, "slug", "already exists"),
        ({"name": ""}, "name", "at least 1"),
        ({"name": "x" * 121}, "name", "at most 120"),
        ({"runtime": "abacus"}, "runtime", "pytorch, torchscript"),
        ({"kind": "agent"}, "kind", "local"),
        ({"kind": "analytic"}, "runtime", "leave the runtime empty"),
        ({"runtime": ""}, "runtime", "needs one of pytorch"),
        ({"threads": 0}, "threads", "greater than or equal to 1"),
        ({"threads": "2"}, "threads", "integer"),
        ({"threads": 200}, "threads", "logical cores"),
        ({"batch_size": 10**9}, "batch_size", "1024"),
        ({"precision": "int4"}, "precision", "fp32"),
        ({"turbo": True}, "turbo", "Unknown setting"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_created(
    client, device, staff, changes, field, words
):
    client.force_login(staff)
    response = client.post(LIST, NEW | changes, content_type="application/json")
    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["attr"] == field
    assert words in error["detail"]
    assert Device.objects.count() == 1


@pytest.mark.parametrize("body", ["{", "[]", '"text"', "null", "3"])
def test_a_body_that_is_no_object_is_refused(client, staff, db, body):
    client.force_login(staff)
    response = client.post(LIST, body, content_type="application/json")
    assert response.status_code == 400
    assert not Device.objects.exists()


def test_a_missing_field_is_named(client, staff, db):
    client.force_login(staff)
    response = client.post(LIST, {"runtime": "pytorch"}, content_type="application/json")
    assert {error["attr"] for error in response.json()["errors"]} == {"slug", "name"}


def test_staff_switches_a_device_off(client, device, staff):
    client.force_login(staff)
    path = LIST + "local-cpu/"
    response = client.patch(path, {"is_active": False}, content_type="application/json")
    assert response.json()["status"] == "disabled"
    device.refresh_from_db()
    assert not device.is_active
    assert device.name == "This CPU"


@pytest.mark.parametrize("change", [{"slug": "new"}, {"kind": "local"}, {"spec": {}}])
def test_identity_cannot_be_patched(client, device, staff, change):
    client.force_login(staff)
    response = client.patch(LIST + "local-cpu/", change, content_type="application/json")
    assert response.status_code == 400


def test_what_numbers_were_measured_with_cannot_be_patched(client, measured, staff):
    client.force_login(staff)
    response = client.patch(
        LIST + "local-cpu/", {"runtime": "onnxruntime"}, content_type="application/json"
    )
    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["attr"] == "runtime"
    assert "Create another device" in error["detail"]


def test_measurements_come_with_number_and_circumstances(client, measured, alice):
    client.force_login(alice)
    page = client.get(LIST + "local-cpu/measurements/").json()
    [row] = page["results"]
    assert row["hash"] == measured.network_hash
    assert row["result"]["value"] == pytest.approx(2.0)
    assert row["result"]["origin"] == "measured"
    assert row["environment"]["host"]["logical_cores"] >= 1
    assert "samples" not in row


def test_raw_samples_come_with_the_single_measurement(client, measured, alice):
    client.force_login(alice)
    path = reverse("api:device-measurement", args=["local-cpu", measured.pk])
    row = client.get(path).json()
    assert row["samples"] == measured.samples
    assert len(row["samples"]["rounds"]) == row["result"]["spread"]["rounds"]


def test_measurements_of_another_device_are_not_found_here(client, measured, alice):
    create_device(slug="second", name="Second", runtime="onnxruntime")
    client.force_login(alice)
    path = reverse("api:device-measurement", args=["second", measured.pk])
    assert client.get(path).status_code == 404
    assert client.get(LIST + "second/measurements/").json()["results"] == []


def test_measurements_are_filtered(client, measured, device, timed, alice):
    network, result = timed(disturbed=True, size=2)
    store_measurement(device=device, network=network, result=result)
    client.force_login(alice)

    def hashes(**filters):
        page = client.get(LIST + "local-cpu/measurements/", filters).json()
        return [row["hash"] for row in page["results"]]

    assert hashes() == [network.digest, measured.network_hash]
    assert hashes(status="ok") == [measured.network_hash]
    assert hashes(hash=network.digest) == [network.digest]
    assert hashes(search_space="mbconv-tiny") == []
    assert client.get(LIST + "local-cpu/measurements/", {"status": "x"}).status_code == 400
