"""Devices and measurements in the database: what is stored, what is refused."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from hardware_profiles.environment import describe_host
from hardware_profiles.errors import DeviceDisabledError, DeviceMismatchError
from hardware_profiles.models import Device, Measurement
from hardware_profiles.profiling import with_standing
from hardware_profiles.samples import MeasurePlan, Samples, summarise
from hardware_profiles.selectors import (
    active_devices,
    device_row,
    device_status,
    latest_measurement,
    measurement_object,
    usual_reference_ms,
)
from hardware_profiles.services import (
    create_device,
    load_default_devices,
    measure_networks,
    set_active,
    store_measurement,
    update_device,
)


def test_a_new_device_knows_its_host(device):
    assert device.spec == describe_host()
    assert device.queue == "device.local-cpu"
    assert (device.kind, device.threads, device.batch_size) == ("local", 1, 1)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"slug": "Local CPU"}, "slug"),
        ({"slug": "local--cpu"}, "slug"),
        ({"slug": "local-cpu\n"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"slug": "local-cpu"}, "slug"),
        ({"name": ""}, "name"),
        ({"kind": "agent"}, "kind"),
        ({"runtime": "abacus"}, "runtime"),
        ({"threads": 0}, "threads"),
        ({"threads": 10_000}, "threads"),
        ({"threads": 257}, "threads"),
        ({"batch_size": 0}, "batch_size"),
        ({"precision": "int4"}, "precision"),
        ({"precision": "bf16"}, "precision"),
        ({"runtime": "torchscript", "precision": "int8"}, "precision"),
        ({"accelerator": "cuda"}, "accelerator"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_stored(device, fields, wrong):
    good = {"slug": "another", "name": "Another", "runtime": "onnxruntime"}
    with pytest.raises(ValidationError) as caught:
        create_device(**(good | fields))
    assert set(caught.value.message_dict) == {wrong}
    assert Device.objects.count() == 1


def test_more_threads_than_the_host_has_are_refused(db):
    cores = describe_host()["logical_cores"]
    with pytest.raises(ValidationError, match=f"Choose 1 to {cores}"):
        create_device(slug="many", name="Many", runtime="pytorch", threads=cores + 1)


@pytest.mark.parametrize(
    "row",
    [
        {"value": 0.0},
        {"value": -1.0},
        {"value": float("nan")},
        {"value": float("inf")},
        {"origin": "predicted"},
        {"status": "great"},
        {"network_hash": ""},
        {"n": 0},
    ],
)
def test_the_database_itself_refuses_impossible_measurements(device, timed, row):
    network, result = timed()
    stored = store_measurement(device=device, network=network, result=result)
    with pytest.raises(IntegrityError), transaction.atomic():
        Measurement.objects.filter(pk=stored.pk).update(**row)


@pytest.mark.parametrize("row", [{"kind": "agent"}, {"threads": 0}, {"batch_size": 5000}])
def test_the_database_itself_refuses_impossible_devices(device, row):
    with pytest.raises(IntegrityError), transaction.atomic():
        Device.objects.filter(pk=device.pk).update(**row)


def test_a_stored_measurement_recomputes_from_its_samples(device, timed):
    network, result = timed(0.3)
    stored = store_measurement(device=device, network=network, result=result)
    stored.refresh_from_db()
    plan = MeasurePlan.parse(stored.environment["plan"])
    again = summarise(Samples.parse(json.loads(json.dumps(stored.samples))), plan)
    assert (again.latency_ms, again.n) == (stored.value, stored.n)
    assert again.spread.model_dump() == stored.spread
    assert stored.network_hash == network.digest


def test_the_number_object_says_everything_a_page_needs(device, timed):
    network, result = timed(2.0)
    stored = store_measurement(device=device, network=network, result=result)
    number = measurement_object(stored)
    assert number["value"] == pytest.approx(2.0)
    assert (number["unit"], number["origin"], number["status"]) == ("ms", "measured", "ok")
    assert number["n"] == result.n > 0
    assert set(number["spread"]) == {"median", "p90", "iqr", "cv", "rounds_kept", "rounds"}
    assert number["measured_at"].endswith("Z")
    assert json.loads(json.dumps(number)) == number


def test_an_unstable_measurement_is_stored_as_such_with_the_reason(device, timed):
    network, result = timed(disturbed=True)
    stored = store_measurement(device=device, network=network, result=result)
    assert stored.status == "unstable"
    assert "undisturbed" in measurement_object(stored)["note"]
    assert latest_measurement(device, network.digest) is None


def test_the_latest_stable_measurement_is_found(device, timed):
    network, first = timed(2.0)
    store_measurement(device=device, network=network, result=first)
    _, second = timed(3.0)
    newest = store_measurement(device=device, network=network, result=second)
    store_measurement(device=device, network=network, result=timed(disturbed=True)[1])
    other, another = timed(5.0, size=2)
    store_measurement(device=device, network=other, result=another)
    assert latest_measurement(device, network.digest) == newest


def test_a_result_cannot_be_stored_under_another_network(device, timed):
    _, result = timed(size=1)
    other, _ = timed(size=2)
    with pytest.raises(ValueError, match=other.digest[:10]):
        store_measurement(device=device, network=other, result=result)
    assert not Measurement.objects.exists()


def test_status_follows_the_newest_measurement(device, timed):
    assert device_status(device) == "unmeasured"
    network, result = timed()
    store_measurement(device=device, network=network, result=result)
    assert device_status(device) == "ready"
    store_measurement(device=device, network=network, result=timed(disturbed=True)[1])
    assert device_status(device) == "unstable"
    set_active(devices=[device], active=False)
    device.refresh_from_db()
    assert device_status(device) == "disabled"


def test_a_list_of_devices_takes_four_queries(device, django_assert_num_queries, timed):
    create_device(slug="second", name="Second", runtime="onnxruntime")
    network, result = timed()
    store_measurement(device=device, network=network, result=result)
    with django_assert_num_queries(4):  # devices, their tables, their models, their runs
        rows = [device_row(item) for item in with_standing(active_devices())]
    assert [row["status"] for row in rows] == ["ready", "unmeasured"]
    assert json.loads(json.dumps(rows)) == rows


def test_a_disabled_device_is_kept_but_not_offered(device):
    assert set_active(devices=[device], active=False) == 1
    assert set_active(devices=[Device.objects.get()], active=False) == 0
    assert list(active_devices()) == []
    assert Device.objects.count() == 1


def test_numbers_keep_what_they_were_measured_with(device, timed):
    update_device(device=device, changes={"batch_size": 2})
    network, result = timed()
    store_measurement(device=device, network=network, result=result)
    with pytest.raises(ValidationError, match="1 stored measurements were taken with 2"):
        update_device(device=device, changes={"batch_size": 4})
    assert Device.objects.get().batch_size == 2
    assert update_device(device=device, changes={"name": "Renamed"}).name == "Renamed"


def test_the_slug_never_changes(device):
    with pytest.raises(ValidationError, match="Create another device"):
        update_device(device=device, changes={"slug": "renamed"})


def test_a_device_with_measurements_cannot_be_deleted(device, timed):
    network, result = timed()
    store_measurement(device=device, network=network, result=result)
    with pytest.raises(ProtectedError):
        device.delete()


def test_a_disabled_device_measures_nothing(device, timed):
    update_device(device=device, changes={"is_active": False})
    with pytest.raises(DeviceDisabledError, match="switched off"):
        measure_networks(Device.objects.get(), [timed()[0]])


def test_a_device_of_another_machine_measures_nothing_here(device, timed):
    device.spec = {**device.spec, "cpu_model": "Abacus 3000"}
    with pytest.raises(DeviceMismatchError, match="Abacus 3000"):
        measure_networks(device, [timed()[0]])


def test_loading_the_devices_twice_keeps_what_people_changed(db):
    assert load_default_devices() == dict.fromkeys(
        ("local-cpu", "local-cpu-onnx", "local-cpu-onnx-int8"), "created"
    )
    device = Device.objects.get(slug="local-cpu")
    update_device(device=device, changes={"name": "Mine", "is_active": False})
    assert load_default_devices() == dict.fromkeys(
        ("local-cpu", "local-cpu-onnx", "local-cpu-onnx-int8"), "unchanged"
    )
    device.refresh_from_db()
    assert (device.name, device.is_active) == ("Mine", False)


def test_loading_the_devices_on_another_machine_notices(device):
    Device.objects.update(spec={**device.spec, "cpu_model": "Abacus 3000"})
    assert load_default_devices()["local-cpu"] == "host changed"
    device.refresh_from_db()
    assert device.spec == describe_host()


def test_the_usual_reference_is_that_of_quiet_calls_on_equal_hosts(device, timed):
    network, result = timed()
    for reference in (1.0, 1.01, 1.02, 1.4, 1.5):
        facts = {**result.environment, "reference_ms": reference}
        changed = type(result)(**{**_fields(result), "environment": facts})
        for _ in range(3):  # networks of one call share their reference
            stored = store_measurement(device=device, network=network, result=changed)
    assert usual_reference_ms(device, stored.fingerprint) == pytest.approx(1.01)
    assert usual_reference_ms(device, "another host") is None


def _fields(result):
    return {name: getattr(result, name) for name in result.__slots__}
