"""A device of an agent is profiled: batches go to the agent, the job goes on with its answers."""

from copy import deepcopy

from experiments import agent_work
from experiments.job_work import run_job
from experiments.models import Job
from experiments.services.profiles import pause_job, request_profile, resume_job
from hardware_profiles.models import AgentTask, Measurement
from hardware_profiles.profiling import Budget
from hardware_profiles.samples import BRISK
from search_engine.network import NetworkSpec
from tests.experiments.test_agents import begin, device, pi, statuses, timed

__all__ = ["device", "pi"]  # fixtures


def test_a_profile_goes_on_when_its_whole_batch_is_answered(pi, alice, device):
    budget = Budget(networks=20, test_networks=10)
    profiling_job = request_profile(owner=alice, device=device, space="mbconv-tiny", budget=budget)
    run_job(profiling_job.pk)
    assert statuses(Job) == ["waiting"]
    agent_work.serve(device.slug)
    agent_work.serve(device.slug)
    first, *others = begin(pi[1])
    pi[1].post(f"agents/tasks/{first}/failure/", {"reason": "failed", "error": "No."})
    for key in others:
        assert statuses(Job) == ["waiting"]
        network = NetworkSpec.from_json(AgentTask.objects.get(pk=key).network)
        body = deepcopy(timed(network, 1.0, BRISK))
        assert pi[1].post(f"agents/tasks/{key}/result/", body).json()["status"] == "done"
    assert statuses(Job) == ["queued"]
    assert Measurement.objects.filter(profile=profiling_job.profile).count() == len(others)


def test_a_paused_profile_leaves_the_line_and_comes_back(pi, alice, device):
    job = request_profile(owner=alice, device=device, space="mbconv-tiny")
    run_job(job.pk)
    waited = AgentTask.objects.filter(status="queued").count()
    pause_job(job=job)
    agent_work.reap()
    assert set(statuses(AgentTask)) == {"cancelled"}
    resume_job(job=job)
    run_job(job.pk)
    assert AgentTask.objects.filter(status="queued").count() == waited > 0
