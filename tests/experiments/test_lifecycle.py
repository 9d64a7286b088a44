"""What a person may do to an experiment, in which state, and what it leaves behind."""

import pytest

from experiments.errors import LeaseLost, StateConflict
from experiments.evaluation import evaluate
from experiments.leases import lease_values
from experiments.models import Experiment, Trial
from experiments.services import lifecycle, recording
from search_engine.errors import ConfigError
from tests.experiments.work import document, tabular, work_once, work_until_idle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def begun(alice):
    """An experiment with proposed candidates, none evaluated yet."""
    from experiments import runner

    experiment = lifecycle.create_experiment(owner=alice, data=document())
    runner.advance(experiment.runs.get().pk)
    return Experiment.objects.get(pk=experiment.pk)


def fresh(experiment):
    return Experiment.objects.get(pk=experiment.pk)


def test_a_bad_document_leaves_nothing_behind(alice):
    with pytest.raises(ConfigError):
        lifecycle.create_experiment(owner=alice, data=document(search_space="nope"))
    assert not Experiment.objects.exists()


def test_a_paused_experiment_does_nothing_and_resumes_to_the_same_end(alice, begun):
    lifecycle.pause(experiment=begun, by=alice)
    assert not work_once()
    assert fresh(begun).status == Experiment.Status.PAUSED
    lifecycle.resume(experiment=begun, by=alice)
    work_until_idle()
    assert fresh(begun).status == Experiment.Status.DONE
    assert begun.trials.filter(status=Trial.Status.DONE).count() == 6


@pytest.mark.parametrize(
    ("action", "after"),
    [
        ("pause", Trial.Status.QUEUED),
        ("stop", Trial.Status.CANCELLED),
        ("cancel", Trial.Status.CANCELLED),
    ],
)
def test_a_training_notices_within_one_batch(alice, begun, action, after, monkeypatch):
    """The request arrives after the third batch; the training must not see a fifth."""
    from experiments import monitor

    seen = []
    monkeypatch.setattr(monitor, "CHECK_SECONDS", 0.0)
    original = monitor.TrialMonitor.batch

    def batch(self):
        seen.append(1)
        if len(seen) == 3:
            getattr(lifecycle, action)(experiment=fresh(begun), by=alice)
        original(self)

    monkeypatch.setattr(monitor.TrialMonitor, "batch", batch)
    trial = begun.trials.filter(awaiting="").first()
    evaluate(trial.pk)
    trial.refresh_from_db()
    assert len(seen) == 3
    assert trial.status == after
    assert trial.lease_owner == ""


def test_a_stopped_experiment_keeps_results_and_can_be_extended(alice, begun):
    evaluate(begun.trials.first().pk)
    lifecycle.stop(experiment=fresh(begun), by=alice)
    assert begun.trials.filter(status=Trial.Status.DONE).count() == 1
    assert not begun.trials.filter(status__in=Trial.OPEN).exists()
    lifecycle.extend(experiment=fresh(begun), by=alice, max_trials=2)
    work_until_idle()
    assert fresh(begun).status == Experiment.Status.DONE
    assert begun.trials.filter(status=Trial.Status.DONE).count() == 8


def test_a_finished_experiment_can_be_extended(alice):
    experiment = lifecycle.create_experiment(owner=alice, data=tabular())
    work_until_idle()
    lifecycle.extend(experiment=fresh(experiment), by=alice, max_trials=15)
    work_until_idle()
    assert experiment.trials.count() == 75
    assert experiment.trials.values("hash").distinct().count() == 75


@pytest.mark.parametrize(
    ("state", "action"),
    [
        ("done", "pause"),
        ("done", "resume"),
        ("done", "stop"),
        ("done", "cancel"),
        ("running", "resume"),
        ("cancelled", "extend"),
        ("running", "delete_experiment"),
    ],
)
def test_actions_that_the_state_forbids_say_why(alice, begun, state, action):
    Experiment.objects.filter(pk=begun.pk).update(status=state)
    arguments = {"experiment": fresh(begun)}
    if action != "delete_experiment":
        arguments["by"] = alice
    if action == "extend":
        arguments["max_trials"] = 1
    with pytest.raises(StateConflict, match=f"The experiment is {state}"):
        getattr(lifecycle, action)(**arguments)


@pytest.mark.parametrize("extra", [{}, {"max_trials": -1}, {"max_seconds": 5.0}])
def test_a_senseless_extension_is_refused(alice, begun, extra):
    with pytest.raises(ConfigError):
        lifecycle.extend(experiment=begun, by=alice, **extra)


def test_failed_candidates_run_again_under_their_old_numbers(alice):
    experiment = lifecycle.create_experiment(owner=alice, data=tabular())
    work_until_idle()
    Trial.objects.filter(experiment=experiment, number__in=[3, 7]).update(
        status=Trial.Status.FAILED, costs=None, feasible=False, error="broken"
    )
    lifecycle.rerun_failed(experiment=fresh(experiment), by=alice)
    work_until_idle()
    again = experiment.trials.filter(number__in=[3, 7])
    assert {trial.status for trial in again} == {Trial.Status.DONE}
    assert experiment.trials.count() == 60


def test_a_clone_remembers_its_parent_and_its_changes(alice, begun):
    copy = lifecycle.clone(experiment=begun, owner=alice, changes={"seeds": [5]})
    assert copy.parent_id == begun.pk
    assert copy.config["seeds"] == [5]
    assert copy.config["search_space"] == begun.config["search_space"]


def test_a_trial_that_was_taken_over_cannot_be_ended_by_its_old_worker(alice, begun):
    trial = recording.claim_trials([begun.trials.first().pk], Trial.Status.TRAINING)[0]
    Trial.objects.filter(pk=trial.pk).update(**{**lease_values(), "lease_owner": "someone:1"})
    with pytest.raises(LeaseLost):
        recording.end_trial(trial, status=Trial.Status.DONE, feasible=True)
    trial.refresh_from_db()
    assert trial.status == Trial.Status.TRAINING
    assert trial.ended_seq is None


def test_two_claims_of_one_trial_give_it_to_one(alice, begun):
    key = begun.trials.first().pk
    assert len(recording.claim_trials([key], Trial.Status.TRAINING)) == 1
    assert recording.claim_trials([key], Trial.Status.TRAINING) == []


def test_the_reaper_returns_a_dead_workers_trial_and_gives_up_after_three_deaths(alice, begun):
    from datetime import timedelta

    from django.utils import timezone

    from experiments.tasks import reap

    key = begun.trials.first().pk
    for attempt in (1, 2, 3):
        recording.claim_trials([key], Trial.Status.TRAINING)
        Trial.objects.filter(pk=key).update(lease_expires=timezone.now() - timedelta(seconds=1))
        reap()
        trial = Trial.objects.get(pk=key)
        assert trial.attempts == attempt
        assert trial.status == (Trial.Status.FAILED if attempt == 3 else Trial.Status.QUEUED)
    assert "died 3 times" in trial.error


def test_a_deleted_experiment_takes_its_files_with_it(alice, settings):
    from experiments.services import jobs

    kept, gone = (
        lifecycle.create_experiment(owner=alice, data=document(budget={"max_trials": 1}))
        for _ in range(2)
    )
    work_until_idle()
    for experiment in (kept, gone):
        jobs.request_export(owner=alice, trial=experiment.trials.get(), format="onnx")
    work_until_idle()
    files = sorted(path for path in settings.NASWEB_VAR.rglob("*") if path.is_file())
    assert len(files) == 4
    lifecycle.delete_experiment(experiment=fresh(gone))
    left = sorted(path for path in settings.NASWEB_VAR.rglob("*") if path.is_file())
    assert left == sorted(
        [
            settings.NASWEB_VAR / kept.trials.get().weights,
            kept.trials.get().artifacts.get().file,
        ]
    )


def test_a_candidate_that_failed_on_its_second_device_is_measured_there(alice, begun):
    from experiments import engine

    begun.config["devices"] = ["a", "b"]
    assert engine.unmeasured_device(begun, {"latency_ms": {}}) == "b"
    assert engine.unmeasured_device(begun, {"latency_ms": {}, "latency_ms@b": {}}) == ""


def test_candidates_are_not_rerun_when_no_time_is_left(alice):
    data = tabular(budget={"max_trials": 10, "max_seconds": 100})
    experiment = lifecycle.create_experiment(owner=alice, data=data)
    work_until_idle()
    Trial.objects.filter(experiment=experiment, number=3).update(status=Trial.Status.FAILED)
    experiment.runs.update(seconds_used=100)
    with pytest.raises(StateConflict, match="max_seconds"):
        lifecycle.rerun_failed(experiment=fresh(experiment), by=alice)


def test_pages_are_told_about_candidates_that_a_stop_drops_and_an_extension_takes_up(alice, begun):
    def shown():
        last = {}
        for event in begun.events.filter(kind="cand.batch").order_by("seq"):
            pairs = zip(event.payload["number"], event.payload["status"], strict=True)
            last.update(pairs)
        return set(last.values())

    lifecycle.stop(experiment=begun, by=alice)
    assert shown() == {"cancelled"}
    lifecycle.extend(experiment=fresh(begun), by=alice, max_trials=1)
    assert shown() == {"queued"}
