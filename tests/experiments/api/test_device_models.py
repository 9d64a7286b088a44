"""Profiles, fitted models and predictions of devices by REST."""

import numpy as np
import pytest

from hardware_profiles import predicting, profiling
from hardware_profiles.models import Measurement
from hardware_profiles.services import create_device
from search_engine.errors import ConfigError
from search_engine.loading import load_space
from tests.experiments.api.world import Client
from tests.hardware_profiles.toy_profiles import SPACE, law_ms, measured_all, started


@pytest.fixture
def staff(django_user_model):
    return Client(django_user_model.objects.create_user("boss", is_staff=True))


@pytest.fixture
def profiled(cpu):
    """A device with a model of the small space."""
    profile = started(cpu)
    measured_all(profile)
    profiling.finish(profile, ("ridge",))
    return profile


def draws(count):
    """Genes of the small space."""
    return load_space(SPACE).sample_many(np.random.default_rng(5), count).tolist()


def test_predictions_are_numbers_with_origin_interval_and_the_errors_of_their_model(api, profiled):
    space, rows = load_space(SPACE), draws(40)
    body = {"search_space": SPACE, "genes": rows}
    answer = api.post("devices/local-cpu/predict/", body, format="json").json()
    assert answer["predictor"]["kind"] == "ridge"
    assert answer["predictor"]["n_test"] == 12
    model = profiling.current_model(profiled.device, SPACE)
    for genes, row in zip(rows, answer["results"], strict=True):
        number = row["latency_ms"]
        assert row["genes"] == genes
        assert (number["unit"], number["origin"]) == ("ms", "predicted")
        assert number["model"] == str(model.pk)
        assert number["value"] == pytest.approx(law_ms(space.decode(tuple(genes))), rel=0.05)
        assert number["spread"]["low"] <= number["value"] <= number["spread"]["high"]


def test_energy_and_memory_are_analytic_and_only_given_when_asked_for(api, profiled):
    metrics = ["latency_ms", "energy_mj", "peak_memory_mib"]
    body = {"search_space": SPACE, "genes": draws(2), "metrics": metrics}
    rows = api.post("devices/local-cpu/predict/", body, format="json").json()["results"]
    assert [(row["energy_mj"]["origin"], row["energy_mj"]["unit"]) for row in rows] == [
        ("analytic", "mJ")
    ] * 2
    assert all(row["peak_memory_mib"]["value"] > 0 for row in rows)


@pytest.mark.parametrize(
    ("change", "attr", "words"),
    [
        ({"genes": [[0] * 31, [0] * 9]}, "genes.1", "31 variables, got 9 genes"),
        ({"genes": []}, "genes", "at least 1"),
        ({"metrics": ["speed"]}, "metrics", "got 'speed'"),
        ({"genes": [[0]] * 10_001}, "genes", "at most 10000"),
        ({"search_space": "nope"}, None, "No search space named 'nope'"),
    ],
)
def test_bad_requests_for_predictions_say_what_is_wrong(api, cpu, change, attr, words):
    body = {"search_space": SPACE, "genes": draws(1), **change}
    answer = api.post("devices/local-cpu/predict/", body, format="json")
    [error, *_] = answer.json()["errors"]
    assert answer.status_code == 400
    assert words in error["detail"]
    assert attr is None or error["attr"] == attr


def test_a_device_without_a_model_says_to_profile_it(api, cpu):
    body = {"search_space": SPACE, "genes": draws(1)}
    answer = api.post("devices/local-cpu/predict/", body, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "not_profiled"
    assert "Profile it" in answer.json()["errors"][0]["detail"]


def test_memory_of_too_many_networks_is_refused(cpu):
    with pytest.raises(ConfigError, match="at most 500 rows"):
        predicting.predict(cpu, SPACE, load_space(SPACE), draws(501), ["peak_memory_mib"])


def test_device_rows_evaluation_and_models_show_held_out_errors(api, staff, profiled):
    row = api.get("devices/local-cpu/").json()
    assert row["profile_state"] == "profiled"
    assert {"kind", "mape", "within_10pct", "kendall_tau", "n_test", "fitted_at"} <= set(
        row["predictor"]
    )
    found = api.get(f"devices/local-cpu/evaluation/?space={SPACE}").json()
    assert len(found["pairs"]) == found["errors"]["n_test"] == 12
    assert set(found["pairs"][0]) == {"genes", "hash", "measured", "predicted"}
    assert api.get("devices/local-cpu/evaluation/?space=nasbench201").status_code == 404
    [model] = api.get("devices/local-cpu/models/").json()["results"]
    assert (model["version"], model["is_current"]) == (1, True)
    [run] = api.get("devices/local-cpu/profiles/").json()["results"]
    assert run["report"]["outcome"] == "current"
    assert run["progress"]["test"] == {"done": 12, "planned": 12}
    again = staff.post(f"devices/local-cpu/models/{model['id']}/activate/", {}, format="json")
    assert again.json()["is_current"] is True


def test_a_profiling_is_asked_for_once_however_often_it_is_sent(staff, cpu):
    body = {"search_space": SPACE, "budget": {"networks": 30, "seconds": 60}}
    answers = [
        staff.post(
            "devices/local-cpu/profile/", body, format="json", HTTP_IDEMPOTENCY_KEY="one-click"
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    job = staff.get(f"jobs/{answers[0].json()['job']}/").json()
    assert job["profile"]["budget_seconds"] == 60
    assert job["profile"]["test"]["planned"] == 8
    assert staff.post("devices/local-cpu/profile/", body, format="json").status_code == 409
    for action, status in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        assert staff.post(f"jobs/{job['id']}/{action}/", {}, format="json").json()["status"] == (
            status
        )


def test_what_cannot_be_profiled_and_wrong_budgets_are_refused(staff, cpu):
    create_device(slug="phone", name="Phone", kind="table")
    answer = staff.post("devices/phone/profile/", {"search_space": SPACE}, format="json")
    assert answer.status_code == 400
    assert "kind 'table'" in answer.json()["errors"][0]["detail"]
    body = {"search_space": SPACE, "budget": {"networks": 5}}
    answer = staff.post("devices/local-cpu/profile/", body, format="json")
    assert answer.json()["errors"][0]["attr"] == "budget.networks"
    assert Measurement.objects.count() == 0
