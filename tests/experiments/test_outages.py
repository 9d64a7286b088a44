"""Servers that go away for a moment, and workers that are told to end."""

import threading
import time
from collections.abc import Callable

import psycopg
import pytest
from celery import current_app
from django.db import OperationalError, connection

from experiments import leases, monitor, runner
from experiments.evaluation import evaluate
from experiments.measuring import measure
from experiments.models import Experiment, Run, Trial
from experiments.monitor import TrialMonitor
from experiments.services import lifecycle, recording
from hardware_profiles.host_lock import SharedHold, exclusive
from tests.experiments.work import document, tabular, work_until_idle

pytestmark = pytest.mark.django_db(transaction=True)

NOWHERE = "redis://127.0.0.1:1/0"


def begun(alice, **changes) -> Experiment:
    """Two candidates, proposed and not evaluated yet."""
    data = document(budget={"max_trials": 2}, **changes)
    experiment = lifecycle.create_experiment(owner=alice, data=data)
    runner.advance(experiment.runs.get().pk)
    return experiment


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "It did not happen within a minute."
        time.sleep(0.01)


def cut_connections() -> None:
    """What a restart of the server does to the connections of everyone who uses the database."""
    wanted = ("dbname", "user", "password", "host", "port")
    known = {k: v for k, v in connection.get_connection_params().items() if k in wanted}
    with psycopg.connect(**known, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def no_broker(settings, monkeypatch):
    """Nobody listens where the broker should be."""
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [NOWHERE]},
        }
    }
    old = current_app.conf.broker_url
    _use_broker(NOWHERE)
    yield
    _use_broker(old)


def _use_broker(url: str) -> None:
    current_app.conf.broker_url = current_app.conf.broker_write_url = url
    current_app._pool = current_app.amqp._producer_pool = None


def test_without_the_broker_everything_is_stored_and_nothing_fails(alice, no_broker):
    experiment = begun(alice)
    evaluate(experiment.trials.first().pk)
    lifecycle.pause(experiment=experiment, by=alice)
    assert fresh(experiment).status == Experiment.Status.PAUSED
    statuses = experiment.trials.values_list("status", flat=True)
    assert list(statuses) == [Trial.Status.DONE, Trial.Status.QUEUED]


def test_a_training_outlives_a_restart_of_the_database(alice, monkeypatch):
    experiment = begun(alice, evaluator={"key": "short_training", "config": {"epochs": 2}})
    original, seen = TrialMonitor.batch, []

    def batch(self):
        seen.append(1)
        if len(seen) in (2, 9):
            cut_connections()
        original(self)

    monkeypatch.setattr(TrialMonitor, "batch", batch)
    trial = experiment.trials.first()
    evaluate(trial.pk)
    trial.refresh_from_db()
    assert (trial.status, trial.attempts, len(trial.curve)) == (Trial.Status.DONE, 0, 2)


def test_a_lease_is_renewed_again_after_a_restart_of_the_database(alice, monkeypatch):
    trial = begun(alice).trials.first()
    recording.claim_trials([trial.pk], Trial.Status.TRAINING)
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.02)
    with leases.keep_alive(Trial, [trial.pk]) as lost:
        for _ in range(3):
            before = fresh(trial).lease_expires
            until(lambda before=before: fresh(trial).lease_expires > before)
            cut_connections()
            connection.close()
    assert not lost.is_set()


def test_a_run_is_not_to_blame_when_the_database_goes_away(alice, monkeypatch):
    experiment = lifecycle.create_experiment(owner=alice, data=tabular())
    run = experiment.runs.get()
    original = runner._evaluate_in_place

    def cut(memory):
        cut_connections()
        original(memory)

    monkeypatch.setattr(runner, "_evaluate_in_place", cut)
    with pytest.raises(OperationalError):
        runner.advance(run.pk)
    connection.close()
    monkeypatch.setattr(runner, "_evaluate_in_place", original)
    assert fresh(run).status == Run.Status.RUNNING
    Run.objects.filter(pk=run.pk).update(**leases.FREE)  # what time does
    work_until_idle()
    assert (fresh(run).status, experiment.trials.count()) == (Run.Status.DONE, 60)


@pytest.fixture
def told_to_end():
    """The event that a worker's SIGTERM sets."""
    yield monitor.shutdown
    monitor.shutdown.clear()


def in_a_worker(work: Callable[..., None], *arguments: object) -> threading.Thread:
    """Work in a thread with a connection of its own."""

    def target() -> None:
        try:
            work(*arguments)
        finally:
            connection.close()

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def test_a_training_that_waits_for_a_measurement_ends_when_told(alice, told_to_end):
    trial = begun(alice).trials.first()
    with exclusive():
        worker = in_a_worker(evaluate, trial.pk)
        until(lambda: fresh(trial).status == Trial.Status.TRAINING)
        told_to_end.set()
        worker.join(30)
        assert not worker.is_alive()
    assert (fresh(trial).status, fresh(trial).lease_owner) == (Trial.Status.QUEUED, "")


def test_a_measurement_ends_when_told_and_its_candidates_wait_again(alice, cpu, told_to_end):
    experiment = begun(alice, devices=["local-cpu"])
    with SharedHold():
        worker = in_a_worker(measure, "local-cpu")
        until(lambda: experiment.trials.filter(status=Trial.Status.MEASURING).count() == 2)
        told_to_end.set()
    worker.join(30)
    assert not worker.is_alive()
    found = experiment.trials.values_list("status", "awaiting", "lease_owner", "attempts")
    assert list(found) == [(Trial.Status.QUEUED, "local-cpu", "", 0)] * 2


def test_a_long_run_hands_over_when_told(alice, monkeypatch):
    experiment = lifecycle.create_experiment(owner=alice, data=tabular())
    monkeypatch.setattr(runner, "IN_PLACE_TRIALS", 5)
    monkeypatch.setattr(runner, "IN_PLACE_CHUNK", 5)
    monkeypatch.setattr(runner, "TURN_SECONDS", 0.0)
    run = experiment.runs.get()
    runner.advance(run.pk)
    assert 0 < run.trials.count() < 60
    assert fresh(run).lease_owner == ""
    assert fresh(run).rung_at > run.rung_at
    work_until_idle()
    assert run.trials.count() == 60


def test_what_an_evaluation_cannot_store_fails_the_candidate_at_once(alice, settings):
    trial = begun(alice).trials.first()
    (settings.NASWEB_VAR / "weights").write_text("a file where a folder should be")
    evaluate(trial.pk)
    trial.refresh_from_db()
    assert (trial.status, trial.attempts) == (Trial.Status.FAILED, 0)
    assert "FileExistsError" in trial.error or "NotADirectoryError" in trial.error
