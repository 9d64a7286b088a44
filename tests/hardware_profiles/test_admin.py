"""The admin pages of devices and measurements, as a superuser sees them."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from hardware_profiles.models import Device, Measurement
from hardware_profiles.services import create_device, store_measurement
from hardware_profiles.tables.store import import_csv
from search_engine.loading import load_space

FORM = {
    "name": "My device",
    "slug": "my-device",
    "kind": "local",
    "runtime": "onnxruntime",
    "threads": "1",
    "precision": "fp32",
    "batch_size": "4",
    "is_active": "on",
    "notes": "",
}


@pytest.fixture
def office(client, db):
    client.force_login(User.objects.create_superuser("root", password="root-password"))

    def address(name, *args):
        return reverse(f"admin:hardware_profiles_{name}", args=args)

    client.address = address
    return client


@pytest.fixture
def measured(device, timed):
    network, result = timed(2.0)
    return store_measurement(device=device, network=network, result=result)


def test_a_device_is_created_with_the_facts_of_the_host(office):
    assert office.get(office.address("device_add")).status_code == 200
    response = office.post(office.address("device_add"), FORM)
    assert response.status_code == 302
    device = Device.objects.get(slug="my-device")
    assert (device.runtime, device.batch_size) == ("onnxruntime", 4)
    assert device.spec["logical_cores"] >= 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"slug": "My Device"}, "Use lower-case letters"),
        ({"threads": "0"}, "greater than or equal to 1"),
        ({"threads": "200"}, "logical cores"),
        ({"runtime": "abacus"}, "not one of the available choices"),
        ({"kind": "agent"}, "not one of the available choices"),
        ({"batch_size": "many"}, "Enter a whole number"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_a_wrong_field_is_explained_on_the_form(office, changes, words):
    response = office.post(office.address("device_add"), FORM | changes)
    assert response.status_code == 200
    assert words in response.content.decode()
    assert not Device.objects.exists()


def test_only_runtimes_and_kinds_that_work_are_offered(office):
    form = office.get(office.address("device_add")).content.decode()
    for offered in ("PyTorch eager", "ONNX Runtime", "This host", "A description", "table"):
        assert offered in form
    assert 'value="agent"' not in form, "those come into being when their agent registers"


def test_a_description_is_created_and_a_wrong_one_explained(office):
    form = FORM | {"kind": "analytic", "runtime": "", "descriptor": '{"peak_fp32_gflops": 48}'}
    response = office.post(office.address("device_add"), form)
    assert "needs mem_bw_gbs" in response.content.decode()
    form["descriptor"] = '{"peak_fp32_gflops": 48, "mem_bw_gbs": 12.8}'
    assert office.post(office.address("device_add"), form).status_code == 302
    device = Device.objects.get()
    assert (device.spec, device.descriptor["status"]) == ({}, "unverified")
    page = office.get(office.address("device_changelist")).content.decode()
    assert "A description: peak compute and bandwidth, batch 4" in page
    assert office.get(office.address("device_change", device.pk)).status_code == 200


def test_imported_tables_are_read_used_again_and_exported(office):
    device = create_device(slug="phone", name="Phone", kind="table")
    space = load_space("nasbench201-tiny")
    for value in (1, 2):
        raw = f"arch,value,unit\n0 0 0 0 0 0,{value},ms\n0 0 0 0 0 1,-1,ms\n".encode()
        import_csv(device=device, raw=raw, source="made up", space=space)
    old, new = device.tables.order_by("version")
    page = office.get(office.address("devicetable_change", new.pk)).content.decode()
    assert "negative" in page
    assert "made up" in page
    changelist = office.address("devicetable_changelist")
    office.post(changelist, {"action": "use_again", "_selected_action": [old.pk, new.pk]})
    new.refresh_from_db()
    assert new.is_current, "one per device and metric"
    office.post(changelist, {"action": "use_again", "_selected_action": [old.pk]})
    old.refresh_from_db()
    assert old.is_current
    file = office.post(changelist, {"action": "export", "_selected_action": [old.pk]})
    assert file["Content-Type"].startswith("text/csv")
    assert b"none~0" in file.content


def test_editing_keeps_what_numbers_were_measured_with(office, measured, device):
    path = office.address("device_change", device.pk)
    assert 'name="runtime"' not in office.get(path).content.decode()
    office.post(path, FORM | {"name": "Renamed", "threads": "2", "slug": "other"})
    device.refresh_from_db()
    assert (device.name, device.threads, device.slug) == ("Renamed", 1, "local-cpu")


def test_editing_a_device_without_numbers(office, device):
    path = office.address("device_change", device.pk)
    response = office.post(path, FORM | {"batch_size": "8", "name": "Renamed"})
    assert response.status_code == 302
    device.refresh_from_db()
    assert (device.name, device.batch_size, device.runtime) == ("Renamed", 8, "onnxruntime")


def test_devices_are_switched_off_and_on_by_action(office, device):
    def act(action):
        form = {"action": action, "_selected_action": [device.pk]}
        response = office.post(office.address("device_changelist"), form, follow=True)
        device.refresh_from_db()
        return response.content.decode()

    assert "1 switched off." in act("switch_off")
    assert not device.is_active
    assert "1 switched on." in act("switch_on")
    assert device.is_active


def test_devices_are_listed_with_state_and_age(office, measured):
    text = office.get(office.address("device_changelist")).content.decode()
    assert "ready" in text
    assert f"device__id__exact={measured.device_id}" in text
    assert office.get(office.address("device_changelist"), {"active": "no"}).status_code == 200


def test_devices_cannot_be_deleted(office, device):
    assert office.get(office.address("device_delete", device.pk)).status_code == 403
    assert Device.objects.exists()


def test_measurements_are_listed_with_value_unit_spread_and_status(office, measured):
    text = office.get(office.address("measurement_changelist")).content.decode()
    assert "2 ms" in text
    assert measured.network_hash[:10] in text
    assert "0.0% in 8 of 8 rounds" in text
    found = office.get(office.address("measurement_changelist"), {"q": measured.network_hash[:6]})
    assert measured.network_hash[:10] in found.content.decode()


def test_a_measurement_is_read_only_and_links_its_raw_samples(office, measured):
    path = office.address("measurement_change", measured.pk)
    text = office.get(path).content.decode()
    raw = office.address("measurement_raw", measured.pk)
    assert raw in text
    assert office.post(path, {"value": "1"}).status_code == 403
    assert office.get(office.address("measurement_add")).status_code == 403
    assert office.get(office.address("measurement_delete", measured.pk)).status_code == 403
    assert office.get(raw).json()["samples"] == measured.samples
    assert Measurement.objects.get().value == measured.value


def test_raw_samples_are_for_staff_only(client, measured, alice):
    client.force_login(alice)
    path = reverse("admin:hardware_profiles_measurement_raw", args=[measured.pk])
    assert client.get(path).status_code == 302
