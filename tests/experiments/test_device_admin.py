"""Admin: devices are profiled and recalibrated, versions chosen, measurements exported."""

import csv
import json

import pytest
from django.urls import reverse

from experiments.models import Job
from hardware_profiles import profiling
from hardware_profiles.models import Measurement
from tests.hardware_profiles.toy_profiles import SPACE, measured_all, started

DEVICES = "admin:hardware_profiles_device_changelist"


@pytest.fixture
def profiled(cpu):
    """A device with a model."""
    profile = started(cpu)
    measured_all(profile)
    return profiling.finish(profile, ("ridge",))


def act(client, view, action, *rows, **more):
    data = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(reverse(view), data, follow=True)


def test_a_device_is_profiled_after_a_page_that_asks_for_space_and_time(admin_client, cpu):
    page = act(admin_client, DEVICES, "profile_devices", cpu)
    assert 'name="space"' in page.content.decode()
    assert not Job.objects.exists()
    chosen = {"confirmed": "1", "space": SPACE, "seconds": 60, "networks": 30}
    act(admin_client, DEVICES, "profile_devices", cpu, **chosen)
    job = Job.objects.get()
    assert (job.kind, job.profile.space, job.profile.budget["seconds"]) == ("profile", SPACE, 60)
    again = act(admin_client, DEVICES, "profile_devices", cpu, **chosen)
    assert "being profiled" in again.content.decode()


def test_models_are_recalibrated_listed_and_chosen(admin_client, cpu, profiled):
    act(admin_client, DEVICES, "recalibrate", cpu)
    assert Job.objects.get().profile.budget["purpose"] == "recalibrate"
    models = "admin:hardware_profiles_fittedmodel_changelist"
    assert "ridge v1" in admin_client.get(reverse(models)).content.decode()
    assert "In use" in act(admin_client, models, "use", profiled).content.decode()
    runs = reverse("admin:hardware_profiles_profile_changelist")
    assert "12 kept apart" in admin_client.get(runs).content.decode()


def test_measurements_are_exported_with_everything(admin_client, profiled):
    rows = Measurement.objects.all()[:3]
    view = "admin:hardware_profiles_measurement_changelist"
    text = act(admin_client, view, "export_csv", *rows).getvalue().decode()
    found = list(csv.DictReader(text.splitlines()))
    assert {row["hash"] for row in found} == {row.network_hash for row in rows}
    assert {float(row["value"]) for row in found} == {row.value for row in rows}
    data = json.loads(act(admin_client, view, "export_json", *rows).getvalue())
    assert len(data) == 3
    assert all(row["samples"]["rounds"] for row in data)
