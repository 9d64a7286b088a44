"""Profiling jobs: from the request to the model, whoever measures and whatever interrupts."""

import pytest
from django.utils import timezone
from numpy.random import default_rng

from experiments.errors import LeaseLost, StateConflict
from experiments.job_work import run_job
from experiments.leases import MAX_ATTEMPTS
from experiments.models import Job
from experiments.profile_work import profile_device
from experiments.services import jobs, profiles
from hardware_profiles import profiling
from hardware_profiles.errors import PreparationError, ProfilingError
from hardware_profiles.models import AgentTask, Device, Measurement, Profile
from hardware_profiles.profiling import Budget
from hardware_profiles.services import create_device
from search_engine.loading import load_space
from tests.experiments.api.world import Client
from tests.hardware_profiles.toy_profiles import SPACE, timed

pytestmark = pytest.mark.django_db(transaction=True)

TINY = Budget(networks=20, test_networks=8, seconds=3600)


@pytest.fixture
def job(alice, cpu):
    """A queued profiling."""
    return profiles.request_profile(owner=alice, device=cpu, space=SPACE, budget=TINY)


class Bench:
    """Measures by a law; can be told to do something before the n-th session."""

    def __init__(self, **before):
        self.measured, self.sessions = [], 0
        self.before = {int(name.removeprefix("session")): act for name, act in before.items()}

    def __call__(self, device, networks, plan, *, between_rounds):
        self.sessions += 1
        self.before.get(self.sessions, lambda: None)()
        self.measured += [network.digest for network in networks]
        return timed(networks)


def work(job, bench):
    """What a worker does with a claimed job."""
    return profile_device(jobs.claim_job(job.pk), bench)


def test_a_profiling_ends_with_a_model_and_its_figures(job, cpu):
    bench = Bench()
    result = work(job, bench)
    model = profiling.current_model(cpu, SPACE)
    assert (result["model"], result["version"]) == (str(model.pk), 1)
    assert result["report"]["outcome"] == "current"
    assert len(bench.measured) == 20 + model.errors["floor_n"]


def test_a_paused_job_keeps_what_was_measured_and_measures_nothing_twice(job):
    first = Bench(session1=lambda: profiles.pause_job(job=job))
    with pytest.raises(LeaseLost):
        work(job, first)
    assert Measurement.objects.count() == len(first.measured) == 8
    job.refresh_from_db()
    assert job.status == Job.Status.PAUSED
    assert profiling.state_of(job.device)[0] == "paused"
    with pytest.raises(StateConflict, match="paused"):
        profiles.pause_job(job=job)
    profiles.resume_job(job=job)
    second = Bench()
    work(job, second)
    fitted_on_or_tested = set(first.measured) | set(second.measured)
    assert len(fitted_on_or_tested) == 20
    rows = Measurement.objects.filter(profile=job.profile, split="fit")
    assert rows.count() == rows.values("network_hash").distinct().count() == 12


def test_a_job_of_a_dead_worker_goes_on_where_it_stood(job):
    def die():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(job, first := Bench(session2=die))
    job.refresh_from_db()
    Job.objects.filter(pk=job.pk).update(lease_expires=timezone.now() - timezone.timedelta(days=1))
    jobs.reclaim_job(job)
    work(job, second := Bench())
    fits = Measurement.objects.filter(profile=job.profile, split="fit")
    assert set(first.measured).isdisjoint(
        digest for digest in second.measured if fits.filter(network_hash=digest).exists()
    )
    assert fits.count() == 12


def test_a_cancelled_job_ends_the_run_and_is_not_resumed(job):
    jobs.cancel_job(job=job)
    run_job(job.pk)
    profile = Profile.objects.get(pk=job.profile_id)
    assert (profile.phase, profile.report["outcome"]) == ("done", "cancelled")
    with pytest.raises(StateConflict, match="cancelled"):
        profiles.resume_job(job=job)
    assert Measurement.objects.count() == 0


def test_one_network_that_cannot_run_does_not_spoil_the_others(job):
    class Picky(Bench):
        def __call__(self, device, networks, plan, *, between_rounds):
            if refused in [network.digest for network in networks]:
                raise PreparationError("no such operator")
            return super().__call__(device, networks, plan, between_rounds=between_rounds)

    refused = profiling.next_batch(job.profile)[0].digest
    work(job, Picky())
    job.profile.refresh_from_db()
    assert [entry["hash"] for entry in job.profile.progress["failed"]] == [refused]
    assert job.profile.report["outcome"] == "current"


def test_a_run_cancelled_while_it_fits_leaves_no_model(job, cpu, monkeypatch):
    def cancelled_meanwhile(*args):
        jobs.cancel_job(job=job)
        return {"outcome": "current", "note": ""}

    monkeypatch.setattr("hardware_profiles.profiling.finishing._compared", cancelled_meanwhile)
    with pytest.raises(ProfilingError, match="cancelled"):
        work(job, Bench())
    assert profiling.current_model(cpu, SPACE) is None
    job.refresh_from_db()
    assert (job.status, job.profile.report["outcome"]) == ("cancelled", "cancelled")


def test_a_run_that_is_given_up_does_not_stay_open(job, cpu):
    jobs.claim_job(job.pk)
    long_ago = timezone.now() - timezone.timedelta(days=1)
    Job.objects.update(lease_expires=long_ago, attempts=MAX_ATTEMPTS - 1)
    jobs.reclaim_job(Job.objects.get(pk=job.pk))
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert profiling.state_of(cpu)[0] == "unprofiled"


def test_a_run_that_a_person_paused_is_not_taken_up_by_itself(job):
    profiles.pause_job(job=jobs.claim_job(job.pk))
    Profile.objects.filter(pk=job.profile_id).update(
        progress={**job.profile.progress, "throttled": "hot", "paused": "Paused by a person."}
    )
    Job.objects.update(rung_at=timezone.now() - timezone.timedelta(minutes=2))
    profiles.take_up_waiting()
    job.refresh_from_db()
    assert job.status == Job.Status.PAUSED


def test_a_run_is_not_extended_by_nothing_nor_while_it_fits(job):
    with pytest.raises(ProfilingError, match="networks, seconds or both"):
        profiles.extend_job(job=job)
    Profile.objects.filter(pk=job.profile_id).update(phase=Profile.Phase.FITTING)
    with pytest.raises(ProfilingError, match="fits its models now"):
        profiles.extend_job(job=job, networks=5)


def test_staff_acts_on_profilings_of_others_and_on_nothing_else_of_theirs(job, cpu, mallory, staff):
    other = Job.objects.create(owner=job.owner, kind="measure", device=cpu)
    for user, answers in ((mallory, (404, 404, 404)), (staff, (200, 200, 404))):
        client = Client(user)
        found = tuple(
            client.post(path, {}).status_code
            for path in (
                f"jobs/{job.pk}/pause/",
                f"jobs/{job.pk}/cancel/",
                f"jobs/{other.pk}/cancel/",
            )
        )
        assert found == answers


def test_a_profiling_goes_behind_what_another_device_has_to_measure(job, alice):
    onnx = create_device(slug="onnx", name="ONNX", runtime="onnxruntime")
    asked = {"owner": alice, "device": onnx, "space": SPACE}
    genes = load_space(SPACE).sample(default_rng(0))
    other = jobs.request_measurement(**asked, genes=genes)
    assert work(job, bench := Bench()) is None
    job.refresh_from_db()
    assert (job.status, bench.sessions) == (Job.Status.QUEUED, 1)
    assert job.progress > 0
    Job.objects.filter(pk=other.pk).update(status=Job.Status.DONE)
    assert work(job, Bench())["version"] == 1


def test_a_second_profiling_of_the_same_space_has_to_wait(job, alice, cpu):
    with pytest.raises(StateConflict, match="being profiled for mbconv-tiny already"):
        profiles.request_profile(owner=alice, device=cpu, space=SPACE)


def test_a_finished_job_is_extended_and_fits_again(job, cpu):
    jobs.report(jobs.claim_job(job.pk), status=Job.Status.DONE, result=None, progress=1.0)
    Profile.objects.filter(pk=job.profile_id).update(phase=Profile.Phase.DONE)
    extended = profiles.extend_job(job=job, networks=5)
    assert extended.status == Job.Status.QUEUED
    assert extended.progress < 1
    assert extended.profile.budget["networks"] == 25
    assert extended.params["budget"]["networks"] == 25


def test_a_throttled_run_pauses_itself_and_goes_on_after_a_while(job):
    claimed = jobs.claim_job(job.pk)
    profiles.pause_job(job=claimed, why="hot")
    Profile.objects.filter(pk=job.profile_id).update(
        progress={**job.profile.progress, "throttled": "hot", "paused": "hot"}
    )
    profiles.take_up_waiting()
    job.refresh_from_db()
    assert job.status == Job.Status.PAUSED  # it cools for a minute
    Job.objects.update(rung_at=timezone.now() - timezone.timedelta(minutes=2))
    profiles.take_up_waiting()
    job.refresh_from_db()
    assert job.status == Job.Status.QUEUED


def test_an_agent_measures_batch_by_batch_and_the_job_waits(alice, cpu, django_user_model):
    from hardware_profiles.models import Agent

    agent = Agent.objects.create(name="pi", token_digest="x", token_prefix="x")
    Device.objects.filter(pk=cpu.pk).update(kind="agent", agent=agent)
    cpu.refresh_from_db()
    job = profiles.request_profile(owner=alice, device=cpu, space=SPACE, budget=TINY)
    for _ in range(10):
        run_job(job.pk)
        job.refresh_from_db()
        if job.status == Job.Status.DONE:
            break
        assert job.status == Job.Status.WAITING, job.error
        answer(job)
        job.refresh_from_db()
        assert job.status == Job.Status.QUEUED
    assert job.result["report"]["outcome"] == "current"


def answer(job):
    """What the agent's results do."""
    batch = profiling.next_batch(job.profile)
    assert AgentTask.objects.filter(status="queued").count() == len(batch)
    for network, result in zip(batch, timed(batch), strict=True):
        profiling.record(job.profile, network, result)
        AgentTask.objects.filter(network_hash=network.digest).update(status="done")
        profiles.agent_answered(job.profile)
