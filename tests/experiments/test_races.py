"""Two things at once: what a person does while a worker is in the middle of something."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from experiments import evaluation, runner
from experiments.evaluation import evaluate
from experiments.models import Experiment, HypervolumePoint, Run, Trial
from experiments.services import lifecycle, recording
from search_engine.errors import Interrupted
from tests.experiments.work import document, tabular, work_until_idle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def begun(alice) -> Experiment:
    """Two candidates, proposed and not evaluated yet."""
    data = document(
        budget={"max_trials": 2}, strategy={"key": "nsga2", "config": {"population_size": 4}}
    )
    experiment = lifecycle.create_experiment(owner=alice, data=data)
    runner.advance(experiment.runs.get().pk)
    return fresh(experiment)


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def in_work(experiment) -> Trial:
    """A candidate that a worker has just begun to train."""
    key = experiment.trials.filter(status=Trial.Status.QUEUED).first().pk
    return recording.claim_trials([key], Trial.Status.TRAINING)[0]


def notice(trial: Trial, reason: str) -> None:
    """The worker acts on what it read before the state changed again."""
    evaluation._interrupted(trial, Interrupted(reason), evaluation._checkpoint_path(trial))


def ends_complete(experiment, trials: int) -> None:
    work_until_idle()
    assert fresh(experiment).status == Experiment.Status.DONE
    assert list(experiment.trials.values_list("number", "status")) == [
        (number, Trial.Status.DONE) for number in range(trials)
    ]
    assert HypervolumePoint.objects.filter(run__experiment=experiment).count() == trials


def test_extended_before_the_worker_noticed_the_stop(alice, begun):
    trial = in_work(begun)
    lifecycle.stop(experiment=begun, by=alice)
    lifecycle.extend(experiment=begun, by=alice, max_trials=3)
    notice(trial, "stop")
    ends_complete(begun, 5)


def test_stopped_before_the_worker_noticed_the_pause(alice, begun):
    trial = in_work(begun)
    lifecycle.pause(experiment=begun, by=alice)
    lifecycle.stop(experiment=begun, by=alice)
    notice(trial, "pause")
    assert set(begun.trials.values_list("status", flat=True)) == {Trial.Status.CANCELLED}


def test_resumed_before_the_worker_noticed_the_pause(alice, begun):
    trial = in_work(begun)
    lifecycle.pause(experiment=begun, by=alice)
    lifecycle.resume(experiment=begun, by=alice)
    notice(trial, "pause")
    ends_complete(begun, 2)


def test_a_candidate_that_ends_while_the_run_is_being_ended_still_counts(begun):
    first, last = begun.trials.values_list("pk", flat=True)
    evaluate(first)
    run = begun.runs.get()
    memory = runner.memories.recall(run)
    evaluate(last)
    recording.absorb(memory, finished="max_trials")
    ends_complete(begun, 2)


def test_paused_while_the_run_is_being_ended(alice, begun):
    for key in begun.trials.values_list("pk", flat=True):
        evaluate(key)
    memory = runner.memories.recall(begun.runs.get())
    lifecycle.pause(experiment=begun, by=alice)
    recording.absorb(memory, finished="max_trials")
    lifecycle.resume(experiment=begun, by=alice)
    ends_complete(begun, 2)


def test_extended_while_the_run_is_being_ended(alice, begun):
    for key in begun.trials.values_list("pk", flat=True):
        evaluate(key)
    memory = runner.memories.recall(begun.runs.get())
    lifecycle.extend(experiment=begun, by=alice, max_trials=1)
    recording.absorb(memory, finished="max_trials")
    ends_complete(begun, 3)


def test_the_last_results_before_a_stop_are_on_the_front(alice, begun):
    evaluate(begun.trials.first().pk)
    lifecycle.stop(experiment=begun, by=alice)
    runner.advance(begun.runs.get().pk)
    assert begun.trials.filter(on_front=True).count() == 1
    assert HypervolumePoint.objects.filter(run__experiment=begun).count() == 1
    assert fresh(begun).status == Experiment.Status.STOPPED


def test_more_time_after_the_time_was_up_but_before_the_last_training_ended(alice):
    data = document(budget={"max_trials": 3, "max_seconds": 1000})
    experiment = lifecycle.create_experiment(owner=alice, data=data)
    run = experiment.runs.get()
    runner.advance(run.pk)
    trial = in_work(experiment)
    Run.objects.filter(pk=run.pk).update(seconds_used=1000)
    runner.advance(run.pk)
    assert experiment.trials.filter(status=Trial.Status.CANCELLED).count() == 2
    lifecycle.extend(experiment=experiment, by=alice, max_seconds=1000.0)
    notice(trial, "shutdown")
    ends_complete(experiment, 3)


@pytest.mark.parametrize("paused", [False, True])
def test_a_longer_budget_also_counts_for_the_run_that_is_done_already(alice, paused):
    data = tabular(baseline="random_search", budget={"max_trials": 20})
    experiment = lifecycle.create_experiment(owner=alice, data=data)
    runner.advance(experiment.runs.get(is_baseline=True).pk)
    if paused:
        lifecycle.pause(experiment=experiment, by=alice)
    lifecycle.extend(experiment=experiment, by=alice, max_trials=5)
    if paused:
        lifecycle.resume(experiment=experiment, by=alice)
    work_until_idle()
    assert fresh(experiment).status == Experiment.Status.DONE
    assert [run.trials.count() for run in experiment.runs.all()] == [25, 25]


def test_two_workers_claim_one_candidate_at_the_same_moment(begun):
    key, found = begun.trials.first().pk, []

    def second() -> None:
        try:
            found.extend(recording.claim_trials([key], Trial.Status.TRAINING))
        finally:
            connection.close()

    with transaction.atomic():
        assert len(recording.claim_trials([key], Trial.Status.TRAINING)) == 1
        thread = threading.Thread(target=second)
        thread.start()
        until_somebody_waits_for_a_lock()
    thread.join()
    assert found == []


def until_somebody_waits_for_a_lock() -> None:
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    for _ in range(100_000):
        with connection.cursor() as cursor:
            cursor.execute(query)
            if cursor.fetchone()[0]:
                return
    raise AssertionError("Nobody waits for a lock.")


def test_a_night_without_the_program_does_not_use_up_the_time(alice):
    data = document(budget={"max_trials": 1, "max_seconds": 900})
    experiment = lifecycle.create_experiment(owner=alice, data=data)
    run = experiment.runs.get()
    runner.advance(run.pk)
    yesterday = timezone.now() - timedelta(hours=10)
    Run.objects.filter(pk=run.pk).update(active_since=yesterday)
    ends_complete(experiment, 1)
    assert fresh(run).finish_reason == "max_trials"
    assert fresh(run).seconds < 900


def test_a_device_found_disabled_while_the_owner_stops_is_no_failure(alice, cpu, monkeypatch):
    data = document(devices=["local-cpu"], budget={"max_trials": 2})
    experiment = lifecycle.create_experiment(owner=alice, data=data)
    run = experiment.runs.get()

    def disabled(_: Run) -> str:
        lifecycle.stop(experiment=experiment, by=alice)
        return "local-cpu"

    monkeypatch.setattr(runner, "_disabled_devices", disabled)
    runner.advance(run.pk)
    assert (fresh(run).status, fresh(experiment).status) == ("stopped", "stopped")
