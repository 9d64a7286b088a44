"""The management commands, on this very host."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from hardware_profiles.models import Device, Measurement


def run(*words):
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_load_devices_says_what_it_made_and_is_quiet_afterwards(db):
    assert "device local-cpu: created" in run("load_devices")
    assert run("load_devices") == ""
    assert "device local-cpu-onnx: unchanged" in run("load_devices", "-v2")
    assert Device.objects.count() == 3


@pytest.fixture
def own_lock(tmp_path, monkeypatch):
    monkeypatch.setenv("NASWEB_LOCK_DIR", str(tmp_path))


def test_measure_device_measures_stores_and_prints(device, own_lock):
    table = run("measure_device", "local-cpu", "--n", "2", "--seed", "3")
    rows = Measurement.objects.order_by("created_at")
    assert len(rows) == 2
    for row in rows:
        assert row.network_hash[:10] in table
        assert f"{row.value:.4f}" in table
        assert row.space == "mbconv-tiny"
        assert row.environment["reference_ms"] > 0
        assert row.environment["reference_usual_ms"] > 0


def test_a_dry_run_stores_nothing(device, own_lock):
    assert "ms" in run("measure_device", "local-cpu", "--n", "1", "--dry-run")
    assert not Measurement.objects.exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nowhere"], "Known: local-cpu"),
        (["local-cpu", "--n", "0"], "1 to 200"),
        (["local-cpu", "--seed", "-1"], "0 or more"),
        (["local-cpu", "--space", "nothing"], "nothing"),
    ],
)
def test_wrong_arguments_are_explained(device, words, complaint):
    with pytest.raises(CommandError, match=complaint):
        run("measure_device", *words)
    assert not Measurement.objects.exists()
