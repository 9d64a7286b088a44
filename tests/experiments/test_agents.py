"""Agents as the server sees them: rights, lines, leases, answers; the clock and models are ours."""

from copy import deepcopy
from datetime import timedelta
from functools import cache

import pytest
from django.utils import timezone

from experiments import agent_work, runner
from experiments.models import Experiment, Job, Run, Trial
from experiments.services import jobs, lifecycle
from hardware_profiles import agents, environment
from hardware_profiles.errors import AgentCodeError
from hardware_profiles.measure import Reference, measure_latency
from hardware_profiles.models import Agent, AgentCode, AgentTask, Device, Measurement
from hardware_profiles.reference import reference_network
from hardware_profiles.samples import MeasurePlan
from nasweb_agent.worker import as_json
from search_engine.network import NetworkSpec
from tests.experiments.api.world import Client
from tests.experiments.work import document
from tests.hardware_profiles.fakes import HandClock, TimedRuntime

MS = 1_000_000
VERSIONS = {"python": "3", "numpy": "2", "onnxruntime": "1"}


class AgentClient(Client):
    """Speaks as an agent."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.credentials(HTTP_AUTHORIZATION=f"Agent {token}")


def facts(threads=1, **host):
    return {
        "runtimes": [{"runtime": "onnxruntime", "precision": "fp32", "threads": threads}],
        "host": environment.describe_host() | host,
        "versions": VERSIONS,
        "version": "0.1.0",
    }


def joined(name="pi", **more):
    """A registered agent and its client."""
    _, code = agents.create_code(by=None)
    agent, token = agents.register(code=code, name=name, **facts(**more))
    return agent, AgentClient(token)


@pytest.fixture(scope="module")
def var(tmp_path_factory):
    return tmp_path_factory.mktemp("agents")


@pytest.fixture(autouse=True)
def _models_are_made_once(_own_data_folder, settings, var):
    """The same networks in every test, whose files are found from the second test on."""
    settings.NASWEB_VAR = var


@pytest.fixture
def pi(db):
    return joined()


@pytest.fixture
def device(pi):
    return pi[0].devices.get()


@pytest.fixture
def searching(alice, device):
    """An experiment on the agent's device whose first candidates wait to be measured."""
    limit = {"metric": "latency_ms", "device": device.slug, "op": "<=", "value": 2.0}
    latency = {"metric": "latency_ms", "device": device.slug, "direction": "minimize"}
    accuracy = {"metric": "accuracy", "direction": "maximize"}
    data = document(
        devices=[device.slug], objectives=[accuracy, latency], constraints=[limit],
        budget={"max_trials": 2}, strategy={"key": "random_search", "config": {}},
    )  # fmt: skip
    experiment = lifecycle.create_experiment(owner=alice, data=data)
    runner.advance(experiment.runs.get().pk)
    agent_work.serve(device.slug)
    return experiment


def measured(task_id, milliseconds=1.0):
    """What an agent whose network takes so long sends."""
    network = NetworkSpec.from_json(AgentTask.objects.get(pk=task_id).network)
    return deepcopy(timed(network, milliseconds))


@cache
def timed(network, milliseconds, plan=None):
    hand = HandClock()
    delays = {network: lambda _: round(milliseconds * MS), reference_network(): lambda _: MS}
    runtime = TimedRuntime(hand, delays)
    reference = Reference(reference_network(), runtime, 1.0)
    (result,) = measure_latency(
        [network], runtime, plan or MeasurePlan(), reference=reference, clock=hand.clock()
    )
    return as_json(result)


def claim(client, limit=6):
    return client.post("agents/claim/", {"limit": limit}).json()


def begin(client):
    """Claim everything and say so; ids of the tasks."""
    keys = [task["id"] for task in claim(client)["tasks"]]
    for key in keys:
        assert client.post(f"agents/tasks/{key}/heartbeat/").json()["status"] == "assigned"
    return keys


def statuses(model, field="status"):
    return list(model.objects.order_by("created_at").values_list(field, flat=True))


def silent(**more):
    """The agent falls silent: its leases are over."""
    past = timezone.now() - timedelta(seconds=1)
    AgentTask.objects.filter(status="assigned", **more).update(lease_expires=past)
    agent_work.reap()


# Registering


def test_a_code_works_once_and_makes_devices(db, staff):
    code = Client(staff).post("agents/codes/").json()["code"]
    body = facts() | {"code": code, "name": "Pi 5 / kitchen"}
    answer = Client().post("agents/register/", body)
    assert answer.status_code == 200
    assert answer.json()["devices"] == ["pi-5-kitchen-onnx-1t"]
    device = Device.objects.get(slug="pi-5-kitchen-onnx-1t")
    assert (device.kind, device.threads, device.spec) == ("agent", 1, environment.describe_host())
    again = Client().post("agents/register/", body | {"name": "other"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (400, "invalid_code")
    stored = str(list(Agent.objects.values())) + str(list(AgentCode.objects.values()))
    assert answer.json()["token"] not in stored
    assert code not in stored


def test_an_old_code_is_refused(db):
    row, code = agents.create_code(by=None)
    AgentCode.objects.filter(pk=row.pk).update(expires_at=timezone.now())
    with pytest.raises(AgentCodeError, match="older than a day"):
        agents.register(code=code, name="late", **facts())


def test_more_threads_than_cores_are_refused(db):
    _, code = agents.create_code(by=None)
    body = facts(threads=8, logical_cores=4) | {"code": code, "name": "pi"}
    answer = Client().post("agents/register/", body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"].startswith("runtimes")
    assert not AgentCode.objects.get().used_at, "the code can be used again"


def test_another_machine_with_the_same_token_is_refused(pi):
    answer = pi[1].post("agents/hello/", facts(cpu_model="Another one"))
    assert answer.status_code == 409
    assert "code of its own" in answer.json()["errors"][0]["detail"]


def test_devices_that_are_announced_later_are_added(pi):
    more = facts()
    more["runtimes"].append({"runtime": "onnxruntime", "precision": "int8", "threads": 1})
    assert pi[1].post("agents/hello/", more).json()["devices"] == ["pi-onnx-1t", "pi-onnx-int8-1t"]
    assert pi[1].post("agents/hello/", more).json() == pi[1].get("agents/me/").json()


# Rights


@pytest.mark.parametrize(
    "path", ["catalog/", "devices/", "experiments/", "jobs/", "account/tokens/", "agents/codes/"]
)
def test_the_token_of_an_agent_opens_nothing_else(pi, path):
    method = pi[1].post if path == "agents/codes/" else pi[1].get
    assert method(path).status_code == 401


@pytest.mark.parametrize("token", ["", "wrong", "a b", "x" * 300, "ü"])
def test_a_wrong_token_is_401(db, token):
    assert AgentClient(token).post("agents/claim/", {}).status_code == 401


def test_another_agent_s_task_does_not_exist(pi, searching):
    _, thief = joined("thief", threads=1)
    (key, _) = begin(pi[1])
    body = measured(key)
    answers = [
        thief.get(f"agents/tasks/{key}/model.onnx"),
        thief.get(f"agents/tasks/{key}/reference.onnx"),
        thief.post(f"agents/tasks/{key}/heartbeat/"),
        thief.post(f"agents/tasks/{key}/result/", body),
        thief.post(f"agents/tasks/{key}/failure/", {"reason": "failed"}),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert claim(thief)["tasks"] == []
    assert not Measurement.objects.exists()


def test_a_revoked_agent_is_locked_out_and_its_devices_are_off(pi, searching, device):
    begin(pi[1])
    agents.revoke(agent=pi[0])
    assert pi[1].post("agents/claim/", {}).status_code == 401
    agent_work.reap()
    assert not Device.objects.get(pk=device.pk).is_active
    assert set(statuses(AgentTask)) == {"cancelled"}
    assert set(statuses(Trial)) == {"queued"}


# Work


def test_a_measured_candidate_waits_for_training(pi, searching, device):
    work = claim(pi[1])
    assert work["session"]["device"] == device.slug
    assert work["session"]["reference"]["usual_ms"] is None
    assert set(statuses(Trial)) == {"measuring"}
    for task in work["tasks"]:
        model = pi[1].get(f"agents/tasks/{task['id']}/model.onnx")
        assert model.content[:2] == b"\x08\x08", "an ONNX file begins with its version"
        answer = pi[1].post(f"agents/tasks/{task['id']}/result/", measured(task["id"]))
        assert answer.json()["status"] == "done"
    number = Trial.objects.first().metrics["latency_ms"]
    assert (number["value"], number["origin"]) == (pytest.approx(1.0), "measured")
    assert set(statuses(Trial)) == {"queued"}
    assert set(statuses(Trial, "awaiting")) == {""}
    stored = Measurement.objects.first()
    assert stored.environment["agent"]["name"] == "pi"
    assert stored.environment["model"] == {"exporter": "traced"}


def test_a_candidate_over_the_measured_limit_is_not_trained(pi, searching):
    key, _ = begin(pi[1])
    pi[1].post(f"agents/tasks/{key}/result/", measured(key, milliseconds=3.0))
    trial = Trial.objects.get(pk=AgentTask.objects.get(pk=key).reference)
    assert (trial.status, trial.feasible) == ("done", False)
    assert trial.details["not_trained"] == "over a measured limit"


def test_a_result_that_is_sent_twice_counts_once(pi, searching):
    key, _ = begin(pi[1])
    body = measured(key)
    answers = [pi[1].post(f"agents/tasks/{key}/result/", body).json() for _ in range(3)]
    assert {answer["status"] for answer in answers} == {"done"}
    assert Measurement.objects.count() == 1


def _faster(body):
    body["summary"]["latency_ms"] /= 2


def _calmer(body):
    body["summary"]["spread"]["cv"] = 0.5


def _other_plan(body):
    body["environment"]["plan"]["min_rounds"] = 2


def _other_machine(body):
    body["environment"]["host"]["cpu_model"] = "A faster one"


def _other_network(body):
    body["digest"] = "0" * 64


def _outside(body):
    body["samples"]["preempted"][0] = [19]


def _no_reference(body):
    body["samples"]["reference"] = []


@pytest.mark.parametrize(
    "change",
    [_faster, _calmer, _other_plan, _other_machine, _other_network, _outside, _no_reference],
)
def test_a_result_that_does_not_follow_from_its_samples_is_refused(pi, searching, change):
    key, _ = begin(pi[1])
    body = measured(key)
    change(body)
    answer = pi[1].post(f"agents/tasks/{key}/result/", body)
    assert answer.status_code == 400
    assert not Measurement.objects.exists()
    assert AgentTask.objects.get(pk=key).status == "assigned"


def test_too_large_a_result_is_refused(pi, searching):
    key, _ = begin(pi[1])
    body = measured(key) | {"phases": {"x": 1.0}, "digest": "0" * 600_000}
    assert pi[1].post(f"agents/tasks/{key}/result/", body).status_code == 413


def test_a_network_that_cannot_run_there_fails_its_candidate(pi, searching):
    key, _ = begin(pi[1])
    body = {"reason": "failed", "error": "No kernel for Frobnicate."}
    assert pi[1].post(f"agents/tasks/{key}/failure/", body).json()["status"] == "failed"
    trial = Trial.objects.get(pk=AgentTask.objects.get(pk=key).reference)
    assert (trial.status, trial.error) == ("failed", "AgentFailedError: No kernel for Frobnicate.")


# Leases


def test_a_silent_agent_loses_its_tasks_and_three_times_is_enough(pi, searching):
    for attempt in (1, 2, 3):
        assert len(begin(pi[1])) == 2
        silent()
        assert set(statuses(AgentTask, "attempts")) == {attempt}
    assert set(statuses(AgentTask)) == set(statuses(Trial)) == {"failed"}
    assert "Given up after 3 attempts" in Trial.objects.first().error


def test_a_task_that_was_handed_out_into_the_void_costs_no_attempt(pi, searching):
    for _ in range(4):
        assert len(claim(pi[1])["tasks"]) == 2
        silent()
    assert set(statuses(AgentTask)) == set(statuses(Trial)) == {"queued"}
    assert set(statuses(AgentTask, "attempts")) == {0}


def test_an_agent_that_starts_again_gets_its_tasks_back_at_once(pi, searching):
    first = begin(pi[1])
    assert claim(pi[1])["tasks"] == []
    pi[1].post("agents/hello/", facts())
    assert set(statuses(Trial)) == {"queued"}
    assert begin(pi[1]) == first


def test_a_late_result_is_welcome(pi, searching):
    key, _ = begin(pi[1])
    body = measured(key)
    silent()
    assert pi[1].post(f"agents/tasks/{key}/result/", body).json()["status"] == "done"
    assert Measurement.objects.count() == 1


def test_a_stopped_agent_gives_back_without_an_attempt(pi, searching):
    key, _ = begin(pi[1])
    answer = pi[1].post(f"agents/tasks/{key}/failure/", {"reason": "stopped"})
    assert answer.json()["status"] == "queued"
    assert AgentTask.objects.get(pk=key).attempts == 0


# Runs and jobs


def test_a_paused_run_keeps_its_line_empty_until_it_goes_on(pi, alice, searching, device):
    lifecycle.pause(experiment=searching, by=alice)
    assert claim(pi[1])["tasks"] == []
    assert set(statuses(AgentTask)) == {"cancelled"}
    lifecycle.resume(experiment=Experiment.objects.get(), by=alice)
    agent_work.serve(device.slug)
    assert len(claim(pi[1])["tasks"]) == 2


def test_a_cancelled_run_cancels_what_is_being_measured(pi, alice, searching):
    key, _ = begin(pi[1])
    lifecycle.cancel(experiment=searching, by=alice)
    assert pi[1].post(f"agents/tasks/{key}/heartbeat/").json()["status"] == "cancelled"
    late = pi[1].post(f"agents/tasks/{key}/result/", measured(key))
    assert late.json()["status"] == "cancelled"
    assert not Measurement.objects.exists()
    agent_work.reap()
    assert set(statuses(Trial)) <= {"cancelled", "measuring"}


@pytest.fixture
def job(alice, device):
    found = jobs.request_measurement(
        owner=alice, device=device, space="mbconv-tiny", genes=[0] * 31
    )
    agent_work.serve(device.slug)
    return found


def test_a_job_waits_for_the_agent_and_ends_with_its_answer(pi, job, device):
    job.refresh_from_db()
    assert job.status == "waiting"
    assert agents.line(device)["waiting"] == 1
    (key,) = begin(pi[1])
    pi[1].post(f"agents/tasks/{key}/result/", measured(key))
    job.refresh_from_db()
    assert (job.status, job.result["device"]) == ("done", device.slug)
    assert job.result["value"] == pytest.approx(1.0)


def test_a_cancelled_job_leaves_the_line(pi, job):
    jobs.cancel_job(job=job)
    agent_work.reap()
    assert statuses(AgentTask) == ["cancelled"]
    assert claim(pi[1])["tasks"] == []


def test_a_job_of_a_device_that_was_switched_off_fails(pi, job, device):
    Device.objects.filter(pk=device.pk).update(is_active=False)
    agent_work.reap()
    job.refresh_from_db()
    assert job.status == "failed"
    assert "was switched off" in job.error


def test_a_job_whose_task_is_gone_is_queued_anew(pi, job, device):
    AgentTask.objects.all().delete()
    agent_work.reap()
    agent_work.serve(device.slug)
    assert statuses(AgentTask) == ["queued"]
    assert Job.objects.get().status == "waiting"


def test_candidates_go_before_jobs(pi, job, searching):
    first = AgentTask.objects.get(pk=claim(pi[1], limit=1)["tasks"][0]["id"])
    assert first.purpose == "trial"


def test_the_line_says_why_nobody_comes(pi, alice, job, device):
    assert agents.line(device)["problem"] == ""
    Agent.objects.update(last_seen_at=timezone.now() - timedelta(hours=3))
    device.refresh_from_db()
    found = agents.line(Device.objects.get(pk=device.pk))
    assert found["agent_seen_s"] > 3 * 3600 - 1
    assert found["problem"].startswith("No worker for this device: agent pi was last heard of 3 h")
    assert Client(alice).get(f"jobs/{job.pk}/").json()["problem"] == found["problem"]
    pi[1].post("agents/hello/", facts(threads=2))
    assert "--threads 1" in agents.line(Device.objects.get(pk=device.pk))["problem"]
    assert claim(pi[1])["tasks"] == [], "not as it is started now"
    assert Run.objects.count() == 0
