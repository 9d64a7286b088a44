"""Live and candidate pages: complete before any script, safe, shown only to those who may see."""

import json
import re
from xml.etree import ElementTree as ET

import pytest
from django.test import Client

from experiments.models import Experiment, Job, Trial
from experiments.services import lifecycle
from hardware_profiles.models import Measurement
from tests.experiments.api.world import add_trials
from tests.experiments.pages.finished import finished
from tests.experiments.pages.test_html import Page
from tests.experiments.work import document, work_until_idle

pytestmark = pytest.mark.django_db

EVIL = "<img src=x onerror=alert(1)> \"&'"


@pytest.fixture
def searched(alice) -> Experiment:
    """Six candidates of Alice's; the name is a trap."""
    return finished(alice, name=EVIL)


@pytest.fixture
def best(searched) -> Trial:
    return searched.trials.filter(on_front=True).order_by("number").first()


@pytest.fixture
def signed_in(client, alice) -> Client:
    client.force_login(alice)
    return client


def paths(trial: Trial) -> list[str]:
    live = f"/experiments/{trial.experiment_id}/"
    candidate = f"{live}c/{trial.number}/"
    return [live, candidate, f"{candidate}strip.svg", f"{candidate}graph.svg"]


def data_of(html: str) -> dict:
    """What the page hands to its scripts."""
    return json.loads(re.search(r'<script id="page-data"[^>]*>(.*?)</script>', html, re.DOTALL)[1])


def test_everything_can_be_read_before_a_script_runs(signed_in, searched, best):
    html = signed_in.get(f"/experiments/{searched.pk}/").content.decode()
    top = max(t.metrics["accuracy"]["value"] for t in searched.trials.filter(on_front=True))
    assert f"{100 * top:.2f} % ●" in html
    assert "6 / 6 candidates" in html
    assert 'data-status="done"' in html
    assert html.count('class="nas"') == 2  # the front and the strip
    assert "MBConv tiny" in html


def test_a_candidate_shows_its_numbers_with_origin_and_spread(signed_in, best):
    html = signed_in.get(paths(best)[1]).content.decode()
    accuracy = best.metrics["accuracy"]["value"]
    assert f"{100 * accuracy:.2f} % ●" in html
    assert "pp standard error" in html
    assert "on the front" in html
    assert html.count("<tr data-node=") > 5
    assert "Export ONNX" in html


def test_a_candidate_that_missed_a_limit_says_by_how_much(signed_in, searched):
    trial = searched.trials.first()
    Trial.objects.filter(pk=trial.pk).update(
        feasible=False,
        metrics={**trial.metrics, "params": {"value": 205000, "unit": "", "origin": "analytic"}},
    )
    html = signed_in.get(paths(trial)[1]).content.decode()
    assert "Parameters 5.00 k over the limit" in html


def test_a_failed_candidate_shows_its_error_and_still_its_architecture(signed_in, searched):
    trial = searched.trials.first()
    Trial.objects.filter(pk=trial.pk).update(
        status="failed", error=f"TrainingError: {EVIL}", curve=[], weights="", metrics={}
    )
    html = signed_in.get(paths(trial)[1]).content.decode()
    assert "This candidate failed" in html
    assert "<img src=x" not in html
    assert 'class="nas"' in html


@pytest.mark.parametrize("status", Experiment.Status.values)
def test_every_state_has_a_page(signed_in, searched, status):
    Experiment.objects.filter(pk=searched.pk).update(status=status)
    html = signed_in.get(f"/experiments/{searched.pk}/").content.decode()
    assert f'data-status="{status}"' in html


def test_an_experiment_without_results_has_a_page(signed_in, alice):
    fresh = lifecycle.create_experiment(owner=alice, data=document())
    answer = signed_in.get(f"/experiments/{fresh.pk}/")
    assert answer.status_code == 200
    assert "No feasible candidate yet" in answer.content.decode()


def test_pages_keep_the_rules_of_all_pages(signed_in, best):
    for path in paths(best)[:2]:
        answer = signed_in.get(path)
        html = answer.content.decode()
        page = Page(html)
        assert [a for a in page.addresses if "//" in a] == []
        assert page.handlers == []
        assert page.headings == 1
        assert len(set(page.ids)) == len(page.ids)
        run = [s for s in page.scripts if s.get("type") != "application/json"]
        assert all(script.get("src") for script in run)
        assert EVIL not in html
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "unsafe-eval" not in policy
        assert "csrftoken" in answer.cookies


def test_pages_tell_their_scripts_where_they_start(signed_in, searched, best):
    live = data_of(signed_in.get(paths(best)[0]).content.decode())
    assert live["owner"] is True
    assert [axis["key"] for axis in live["x"]] == ["macs", "params"]
    assert live["constraints"] == [{"key": "params", "op": "<=", "value": 200000.0}]
    candidate = data_of(signed_in.get(paths(best)[1]).content.decode())
    assert candidate["seq"] == searched.last_seq
    assert len(candidate["curve"]) == 1


def test_pictures_are_well_formed_files_without_scripts(signed_in, best):
    for path in paths(best)[2:]:
        answer = signed_in.get(path)
        assert answer["Content-Type"] == "image/svg+xml"
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        root = ET.fromstring(answer.content)
        assert f"candidate #{best.number}" in root.get("aria-label")
        assert not list(root.iter("{http://www.w3.org/2000/svg}script"))


def test_a_stranger_gets_404_and_the_unknown_too(client, mallory, best):
    client.force_login(mallory)
    assert [client.get(path).status_code for path in paths(best)] == [404] * 4
    searched = best.experiment
    searched.shared_with.add(mallory)
    assert [client.get(path).status_code for path in paths(best)] == [200] * 4
    assert client.get(f"/experiments/{searched.pk}/c/999/").status_code == 404


def test_those_it_is_shared_with_only_look(client, mallory, best):
    best.experiment.shared_with.add(mallory)
    client.force_login(mallory)
    assert data_of(client.get(paths(best)[0]).content.decode())["owner"] is False
    html = client.get(paths(best)[1]).content.decode()
    assert html.count("Only the owner of the experiment may do this.") == 2


def test_nobody_sees_anything_without_signing_in(client, best):
    for path in paths(best):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer.url.startswith("/login/")


@pytest.mark.django_db(transaction=True)
def test_measurements_and_files_are_shown_with_what_is_known_of_them(signed_in, alice, cpu):
    data = document(
        devices=["local-cpu"],
        objectives=[
            {"metric": "accuracy", "direction": "maximize"},
            {"metric": "latency_ms", "device": "local-cpu", "direction": "minimize"},
        ],
        budget={"max_trials": 1},
    )
    experiment = lifecycle.create_experiment(owner=alice, data=data)
    work_until_idle()
    trial = experiment.trials.get()
    base = f"/api/v1/experiments/{experiment.pk}/trials/{trial.number}"
    signed_in.post(f"{base}/export/", {"format": "onnx"}, content_type="application/json")
    work_until_idle()
    job = Job.objects.get()
    assert job.status == Job.Status.DONE, job.error
    html = signed_in.get(f"/experiments/{experiment.pk}/c/{trial.number}/").content.decode()
    measured = Measurement.objects.get(network_hash=trial.hash)
    assert "Processor" in html
    assert f"of {len(measured.samples['rounds'])}" in html
    assert job.artifacts.get().sha256 in html
    assert "Ran in ONNX Runtime" in html


def test_queries_do_not_grow_with_candidates(signed_in, searched, django_assert_max_num_queries):
    add_trials(searched, 30)
    with django_assert_max_num_queries(18):
        signed_in.get(f"/experiments/{searched.pk}/")
