"""Energy and memory of networks: measured in processes of their own, stored with their origin."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from hardware_profiles import metric_services
from hardware_profiles.errors import DeviceDisabledError, NotMeasurableError, PreparationError
from hardware_profiles.memory_probe import ask, measure_peak_memory
from hardware_profiles.metric_services import (
    measure_network_energy,
    measure_network_memory,
    minimal_network,
    store_metric,
)
from hardware_profiles.models import Measurement
from hardware_profiles.selectors import latest_measurement, measurement_object
from hardware_profiles.services import create_device, update_device
from search_engine.network import NetworkDraft


@pytest.fixture
def onnx_device(db):
    return create_device(slug="local-cpu-onnx", name="ONNX Runtime", runtime="onnxruntime")


def heavy(width):
    """Weights of one layer: width x width x 9 x 4 bytes."""
    draft = NetworkDraft((1, 8, 8))
    x = draft.add("conv", draft.input, out_channels=width, kernel=1)
    x = draft.add("conv", x, out_channels=width, kernel=3, stride=4)
    return draft.finish(draft.add("head", x, outputs=2))


def test_peak_memory_holds_the_weights_and_not_the_libraries(onnx_device):
    network = heavy(512)
    weights_mib = network.params * 4 / 2**20
    assert weights_mib > 8
    result = measure_network_memory(onnx_device, network)
    assert weights_mib < result.value < 4 * weights_mib  # a process with its libraries has 75
    assert result.spread.cv < 0.2
    assert "not the interpreter" in result.environment["includes"]

    row = store_metric(device=onnx_device, network=network, result=result)
    row.refresh_from_db()
    assert (row.metric, row.unit, row.origin) == ("peak_rss_mib", "MiB", "measured")
    assert measurement_object(row)["value"] == result.value
    assert latest_measurement(onnx_device, network.digest) is None  # it is no latency


def test_a_process_that_cannot_run_the_network_says_why(tmp_path):
    model = tmp_path / "broken.onnx"
    model.write_bytes(b"no model")
    request = {"model": str(model), "shape": [1, 2], "seed": 0, "config": {"threads": 1}}
    with pytest.raises(PreparationError, match="cannot load the model"):
        ask(metric_services._CHILD, request, metric_services._ROOT)


def test_a_process_that_dies_is_reported_with_its_last_words():
    with pytest.raises(NotMeasurableError, match=r"code 3.*went wrong"):
        ask(["sh", "-c", "echo something went wrong >&2; exit 3"], {})


def test_what_is_lost_in_noise_has_no_number():
    child = ["sh", "-c", 'echo \'{"peak_kib": 1000, "peak_reset": true}\'']
    with pytest.raises(NotMeasurableError, match="noise"):
        measure_peak_memory("digest", child, {}, {}, environment={})


def test_a_peak_that_includes_building_says_so():
    child = ["sh", "-c", 'read text; echo "{\\"peak_kib\\": $text, \\"peak_reset\\": false}"']
    result = measure_peak_memory("digest", child, 9216, 1024, environment={"host": "here"})
    assert result.value == 8
    assert "also the peak while it was built" in result.environment["includes"]


def test_energy_without_a_meter_is_said_before_anything_is_built(device, monkeypatch, tmp_path):
    monkeypatch.setattr("hardware_profiles.energy.find_meter.__defaults__", ("cpu", tmp_path))
    with pytest.raises(NotMeasurableError, match="not measurable here"):
        measure_network_energy(device, heavy(4))


def test_a_device_that_is_switched_off_measures_neither(onnx_device):
    off = update_device(device=onnx_device, changes={"is_active": False})
    for measure in metric_services.METRICS.values():
        with pytest.raises(DeviceDisabledError):
            measure(off, heavy(4))


def test_a_smallest_network_has_the_same_input():
    assert minimal_network(heavy(64)).inputs == heavy(64).inputs
    draft = NetworkDraft((7,))
    vector = draft.finish(draft.add("linear", draft.input, outputs=3))
    assert minimal_network(vector).inputs == vector.inputs


def test_the_command_measures_memory_and_says_what_it_cannot(onnx_device, monkeypatch, tmp_path):
    monkeypatch.setenv("NASWEB_LOCK_DIR", str(tmp_path))
    monkeypatch.setattr("hardware_profiles.energy.find_meter.__defaults__", ("cpu", tmp_path))
    out = StringIO()
    call_command(
        *("measure_device", "local-cpu-onnx", "--n", "1", "--space", "nasbench201-tiny"),
        *("--memory", "--energy"),
        stdout=out,
    )
    assert "peak_rss_mib" in out.getvalue()
    assert "Energy is not measurable here" in out.getvalue()
    stored = Measurement.objects.values_list("metric", flat=True)
    assert sorted(stored) == ["latency_ms", "peak_rss_mib"]
    assert json.dumps(Measurement.objects.get(metric="peak_rss_mib").environment)
