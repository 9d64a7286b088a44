"""Tables of devices by REST: tried, imported, listed, rolled back, downloaded."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from experiments.api.views import device_tables
from hardware_profiles.models import Device, DeviceTable
from hardware_profiles.services import create_device
from tests.experiments.api.world import Client

FILE = b"arch,value,unit\n0 0 0 0 0 0,1.5,ms\n0 0 0 0 0 1,2,ms\n0 0 0 0 0 2,x,ms\n"
SPACE = "search_space=nasbench201-tiny"
DESCRIPTION = {"peak_fp32_gflops": 48, "mem_bw_gbs": 12.8, "status": "verified"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(db):
    return create_device(slug="phone", name="Phone", kind="table")


@pytest.fixture
def admin(staff):
    return Client(staff)


def send(client, raw=FILE, query=SPACE):
    return client.post(f"devices/phone/table/?{query}", raw, content_type="text/csv")


def test_a_dry_run_then_the_import_then_the_file_again(admin, phone):
    tried = send(admin, query=f"{SPACE}&dry_run=1").json()
    assert tried["tables"][0]["new"] == 2
    assert tried["rejected"] == [{"line": 4, "reason": "value: 'x' is no number."}]
    assert tried["imported"] == []
    assert not DeviceTable.objects.exists()
    done = send(admin, query=f"{SPACE}&source=my+bench").json()
    [table] = done["imported"]
    assert (table["version"], table["rows"], table["source"]) == (1, 2, "my bench")
    assert table["imported_by"] == "staff"
    csv = admin.get("devices/phone/table/")
    assert csv["Content-Type"] == "text/csv; charset=utf-8"
    assert csv["Content-Disposition"] == 'attachment; filename="phone.csv"'
    again = send(admin, csv.content, query="dry_run=1").json()
    assert again["tables"][0]["unchanged"] == 2, "the space is that of the current table"


def test_a_form_may_send_the_file(admin, phone):
    form = {"file": SimpleUploadedFile("numbers.csv", FILE)}
    answer = admin.post(f"devices/phone/table/?{SPACE}", form, format="multipart")
    assert answer.json()["imported"][0]["source"] == "numbers.csv"
    answer = admin.post("devices/phone/table/", {}, format="multipart")
    assert answer.status_code == 400
    assert "field 'file'" in answer.json()["errors"][0]["detail"]


def test_an_earlier_import_can_be_used_again(admin, phone):
    first = send(admin).json()["imported"][0]["id"]
    send(admin, FILE.replace(b"1.5", b"3"))
    rows = admin.get("devices/phone/tables/").json()["results"]
    assert [(row["version"], row["is_current"]) for row in rows] == [(2, True), (1, False)]
    answer = admin.post(f"devices/phone/tables/{first}/activate/")
    assert answer.json()["is_current"] is True
    assert "1.5" in admin.get("devices/phone/table/").content.decode()
    missing = "00000000-0000-0000-0000-000000000000"
    assert admin.post(f"devices/phone/tables/{missing}/activate/").status_code == 404


@pytest.mark.parametrize(
    ("raw", "query", "words"),
    [
        (b"arch,value\n0 0 0 0 0 0,1\n", SPACE, "no column 'unit'"),
        (FILE, "", "which search space"),
        (FILE, "search_space=nowhere", "nowhere"),
        (FILE, f"{SPACE}&dry_run=perhaps", "perhaps"),
        (b"\x00", SPACE, "NUL"),
    ],
)
def test_what_cannot_be_imported_is_explained(admin, phone, raw, query, words):
    answer = send(admin, raw, query)
    assert answer.status_code == 400
    assert words in answer.json()["errors"][0]["detail"]
    assert not DeviceTable.objects.exists()


def test_a_body_that_is_too_large_is_refused_before_it_is_read(admin, phone, monkeypatch):
    monkeypatch.setattr(device_tables, "MAX_BYTES", 20)
    assert send(admin).status_code == 413
    form = {"file": SimpleUploadedFile("numbers.csv", FILE)}
    assert admin.post("devices/phone/table/", form, format="multipart").status_code == 413


def test_devices_that_measure_take_no_table(admin, cpu):
    answer = admin.post(f"devices/local-cpu/table/?{SPACE}", FILE, content_type="text/csv")
    assert answer.status_code == 400
    assert "only devices of kind 'table'" in answer.json()["errors"][0]["detail"]
    assert admin.get("devices/local-cpu/table/").status_code == 404
    assert admin.get("devices/local-cpu/tables/").json()["results"] == []


def test_descriptions_and_tables_are_created_by_rest(admin):
    body = {"slug": "board", "name": "Board", "kind": "analytic", "descriptor": DESCRIPTION}
    made = admin.post("devices/", body).json()
    assert (made["status"], made["metrics"]) == ("ready", ["latency_ms"])
    assert made["descriptor"] == DESCRIPTION
    changed = admin.patch("devices/board/", {"descriptor": {**DESCRIPTION, "power_w": 5}}).json()
    assert changed["metrics"] == ["latency_ms", "energy_mj"]
    table = admin.post("devices/", {"slug": "t", "name": "T", "kind": "table"}).json()
    assert (table["status"], table["metrics"], table["tables"]) == ("unmeasured", [], [])
    assert Device.objects.get(slug="t").spec == {}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"descriptor": {}}, "needs peak_fp32_gflops, a positive number"),
        ({"descriptor": {**DESCRIPTION, "mem_bw_gbs": -1}}, "greater than 0"),
        ({"descriptor": {**DESCRIPTION, "speed": 1}}, "Unknown setting"),
        ({"precision": "int8"}, "needs peak_int8_gops"),
        ({"runtime": "pytorch"}, "leave the runtime empty"),
        ({"kind": "agent"}, "agent"),
        ({"kind": "local", "descriptor": {}}, "needs one of"),
    ],
)
def test_wrong_descriptions_are_refused(admin, changes, words):
    body = {"slug": "board", "name": "Board", "kind": "analytic", "descriptor": DESCRIPTION}
    answer = admin.post("devices/", body | changes)
    assert answer.status_code == 400
    assert words in answer.json()["errors"][0]["detail"]
