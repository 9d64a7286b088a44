"""Facts of a running search: store them with their events in one transaction, then tell.

Every function that writes locks the experiment's row first, so that event numbers follow the
order of commits and locks are always taken in the same order.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils import timezone

from experiments import doorbell, live, selectors
from experiments.errors import LeaseLost
from experiments.leases import FREE, MAX_ATTEMPTS, lease_values, worker_name
from experiments.memory import RunMemory, front_numbers
from experiments.models import Experiment, HypervolumePoint, Run, RunEvent, Trial
from search_engine.types import EpochReport

MAX_LOG_TEXT = 2000
COUNT_SECONDS = 5.0

Event = tuple[str, dict[str, Any]]


def lock(experiment_id: object) -> Experiment:
    """Lock an experiment's row until the end of the transaction."""
    return Experiment.objects.select_for_update(no_key=True, of=("self",)).get(pk=experiment_id)


def lock_for_work(experiment_id: object) -> Experiment:
    """As `lock`, for a worker in the middle of something. LeaseLost: deleted meanwhile."""
    try:
        return lock(experiment_id)
    except Experiment.DoesNotExist:
        raise LeaseLost(f"Experiment {experiment_id} was deleted.") from None


def emit(experiment_id: object, events: Iterable[Event], run: Run | None = None) -> int:
    """Append events inside the caller's transaction; returns the last number given."""
    events = list(events)
    table = Experiment._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET last_seq = last_seq + %s"  # noqa: S608 - our own table
            " WHERE id = %s RETURNING last_seq",
            [len(events), str(experiment_id)],
        )
        (last,) = cursor.fetchone()
    now = timezone.now()
    RunEvent.objects.bulk_create(
        RunEvent(
            experiment_id=experiment_id, run=run, seq=seq, kind=kind, payload=body, created_at=now
        )
        for seq, (kind, body) in enumerate(events, start=last - len(events) + 1)
    )
    transaction.on_commit(partial(live.ring, experiment_id))
    return int(last)


def log_event(level: str, source: str, text: str) -> Event:
    """A line for the log panel."""
    line = {
        "ts": timezone.now().isoformat(),
        "level": level,
        "source": source,
        "text": text[:MAX_LOG_TEXT],
    }
    return "log.batch", {"lines": [line]}


def candidates_event(run: Run, trials: Sequence[Trial]) -> Event:
    """Columns of candidates that are new or changed."""
    return "cand.batch", {
        "run": str(run.pk),
        "baseline": run.is_baseline,
        **selectors.candidate_columns(trials),
    }


def progress_event(experiment: Experiment) -> Event:
    """Where the experiment stands now."""
    return "exp.progress", selectors.progress(experiment)


def state_event(experiment: Experiment, by: str = "") -> Event:
    """The experiment's state and that of its runs."""
    return "exp.state", {
        "status": experiment.status,
        "reason": experiment.status_reason,
        "by": by,
        "runs": [
            {"id": str(pk), "status": status}
            for pk, status in experiment.runs.values_list("pk", "status")
        ],
    }


@transaction.atomic
def add_trials(run: Run, trials: list[Trial]) -> None:
    """Number and store proposed trials, ring for those that need work.

    Already finished ones (from a free evaluator) get the number of their own event as their
    place in the order of completion.
    """
    experiment = lock(run.experiment_id)
    first = experiment.next_number
    Experiment.objects.filter(pk=experiment.pk).update(next_number=first + len(trials))
    for number, trial in enumerate(trials, start=first):
        trial.number = number
    seq = emit(experiment.pk, [candidates_event(run, trials)], run)
    for trial in trials:
        if trial.status in Trial.ENDED:
            trial.ended_seq = seq
        else:
            trial.rung_at = timezone.now()
    Trial.objects.bulk_create(trials)
    for trial in trials:
        if trial.status == Trial.Status.QUEUED:
            transaction.on_commit(partial(doorbell.work_on_trial, trial))


def claim_trials(
    keys: Sequence[int], status: str, lease: dict[str, Any] | None = None
) -> list[Trial]:
    """Take queued trials of active runs; those that are taken, cancelled or gone are left out.

    Args:
        lease: columns that say who holds them; default: this process.
    """
    # No join: an update that waited for another one checks the columns of its own table again,
    # but not those of a joined copy, and two workers would have the same trial.
    active = selectors.active_runs().values("pk")
    free = Trial.objects.filter(status=Trial.Status.QUEUED, run__in=active)
    claimed = []
    for key in keys:  # one statement each: whoever updates first has it
        now = timezone.now()
        if free.filter(pk=key).update(status=status, **(lease or lease_values())):
            trial = Trial.objects.select_related("run", "experiment").get(pk=key)
            if trial.started_at is None:
                trial.started_at = now
                trial.save(update_fields=["started_at"])
            claimed.append(trial)
    for trial in claimed:
        with transaction.atomic():
            lock_for_work(trial.experiment_id)
            emit(trial.experiment_id, [candidates_event(trial.run, [trial])], trial.run)
    return claimed


@transaction.atomic
def end_trial(trial: Trial, *events: Event, **columns: Any) -> None:
    """Store the end of a trial this worker holds, then ring for its run.

    Raises:
        LeaseLost: the trial is no longer ours; nothing is stored.
    """
    lock_for_work(trial.experiment_id)
    for name, value in columns.items():
        setattr(trial, name, value)
    trial.finished_at = timezone.now()
    seq = emit(trial.experiment_id, [candidates_event(trial.run, [trial]), *events], trial.run)
    _update_mine(trial, **columns, finished_at=trial.finished_at, ended_seq=seq, **FREE)
    transaction.on_commit(partial(doorbell.advance, trial.run_id))


@transaction.atomic
def release_trial(trial: Trial, *events: Event, **columns: Any) -> None:
    """Put a trial this worker holds back into the line; it is cancelled if its run has ended.

    The run's state is read here, under the lock: it may be another one than the worker reacts to.

    Raises:
        LeaseLost: the trial is no longer ours; nothing is stored.
    """
    lock_for_work(trial.experiment_id)
    columns["status"] = _status_without_worker(Run.objects.get(pk=trial.run_id))
    for name, value in columns.items():
        setattr(trial, name, value)
    emit(trial.experiment_id, [candidates_event(trial.run, [trial]), *events], trial.run)
    _update_mine(trial, **columns, rung_at=timezone.now(), **FREE)
    if trial.status == Trial.Status.QUEUED:
        transaction.on_commit(partial(doorbell.work_on_trial, trial))


@transaction.atomic
def record_epoch(trial: Trial, report: EpochReport) -> None:
    """Append an epoch to a training trial's curve. LeaseLost."""
    row = {
        "epoch": report.epoch,
        "epochs": report.epochs,
        "train_loss": round(report.train_loss, 5),
        "val_loss": round(report.val_loss, 5),
        "val_accuracy": round(report.val_accuracy, 5),
        "seconds": round(report.seconds, 3),
    }
    trial.curve = [kept for kept in trial.curve if kept["epoch"] < report.epoch] + [row]
    lock_for_work(trial.experiment_id)
    _update_mine(trial, curve=trial.curve)
    emit(trial.experiment_id, [("metric.batch", {"number": trial.number, **row})], trial.run)


def _update_mine(trial: Trial, **columns: Any) -> None:
    mine = Trial.objects.filter(pk=trial.pk, lease_owner=worker_name())
    if not mine.update(**columns):
        raise LeaseLost(f"Trial {trial} was taken from this worker while it was working on it.")


def _status_without_worker(run: Run) -> str:
    ended = run.status in Run.FINISHED
    return Trial.Status.CANCELLED if ended else Trial.Status.QUEUED


@transaction.atomic
def begin_run(run: Run) -> None:
    """A worker starts on a run for the first time."""
    experiment = lock(run.experiment_id)
    started = Run.objects.filter(pk=run.pk, status=Run.Status.QUEUED)
    if started.update(status=Run.Status.RUNNING, active_since=timezone.now()):
        run.refresh_from_db()
        _settle(experiment)
        line = log_event("info", "search", f"{run} begins: {run.max_trials} candidates.")
        emit(experiment.pk, [state_event(experiment), line], run)


@transaction.atomic
def drop_waiting(run: Run) -> None:
    """The time is up: what nobody works on yet will not be evaluated."""
    experiment = lock(run.experiment_id)
    if events := cancel_trials(run, [Trial.Status.QUEUED]):
        emit(experiment.pk, events, run)


def cancel_trials(run: Run, statuses: Sequence[str]) -> list[Event]:
    """Cancel a run's trials in these states, whoever holds them; returns what to tell the pages."""
    chosen = run.trials.filter(status__in=statuses).order_by("pk")
    trials = list(chosen.select_for_update(no_key=True))
    if not trials:
        return []
    keys = [trial.pk for trial in trials]
    Trial.objects.filter(pk__in=keys).update(status=Trial.Status.CANCELLED, **FREE)
    for trial in trials:
        trial.status = Trial.Status.CANCELLED
    return [candidates_event(run, trials)]


def count_time(run: Run) -> None:
    """Add the time since the last count to the run's clock, unless it was paused meanwhile."""
    now, seconds = timezone.now(), run.seconds
    if seconds - run.seconds_used < COUNT_SECONDS:
        return
    ticking = Run.objects.filter(pk=run.pk, active_since=run.active_since)
    if ticking.update(seconds_used=seconds, active_since=now):
        run.seconds_used, run.active_since = seconds, now


@transaction.atomic
def absorb(memory: RunMemory, *, finished: str = "") -> None:
    """Store what newly ended trials mean for the run: hypervolume, front, progress, its end.

    Args:
        finished: why the run is over, empty while it goes on. It goes on nevertheless if it was
            paused or extended meanwhile, or if a trial that the memory does not know has ended.
    """
    run = memory.run
    workers = selectors.living_workers() if memory.news else []  # asks Redis: not under the lock
    experiment = lock(run.experiment_id)
    if finished and not _may_end(memory):
        finished = ""
    events: list[Event] = []
    if experiment.reference_point is None:
        final = bool(finished) or run.status in Run.FINISHED
        experiment.reference_point = memory.choose_reference(final=final)
        experiment.save(update_fields=["reference_point"])
    stored = run.hypervolume_points.aggregate(last=Max("trials"))["last"] or 0
    points = memory.hypervolume_points(experiment.reference_point)
    points = [point for point in points if point.trials > stored]
    HypervolumePoint.objects.bulk_create(points, ignore_conflicts=True)
    if points:
        events.append(_hypervolume_event(run, points))
    if not run.is_baseline:
        events += _update_front(experiment, memory.news)
    if changed := bool(memory.news):
        events.append(("worker.state", {"workers": workers}))
    memory.news = []
    if finished:
        _end_run(run, Run.Status.DONE, finished)
        changed = True
    if _settle(experiment):
        events.append(state_event(experiment))
    if events or changed:
        emit(experiment.pk, [*events, progress_event(experiment)], run)


def _may_end(memory: RunMemory) -> bool:
    """Whether a run is still as its worker saw it when it found it to be over."""
    run = memory.run
    same = Run.objects.filter(
        pk=run.pk,
        status__in=Run.ACTIVE,
        max_trials=run.max_trials,
        max_seconds=run.max_seconds,
    )
    unknown = Q(status__in=Trial.OPEN) | Q(ended_seq__gt=memory.last_seq)
    return same.exists() and not run.trials.filter(unknown).exists()


@transaction.atomic
def fail_run(run: Run, error: Exception) -> None:
    """The run cannot go on; its results stay. The owner reads the reason on the page."""
    experiment = lock(run.experiment_id)
    run.refresh_from_db()
    if run.status in Run.FINISHED:
        return
    run.error = f"{type(error).__name__}: {error}"[:MAX_LOG_TEXT]
    run.save(update_fields=["error"])
    cancelled = cancel_trials(run, Trial.OPEN)
    _end_run(run, Run.Status.FAILED, "error")
    experiment.status_reason = run.error[:500]
    _settle(experiment)
    line = log_event("error", "search", run.error)
    told = [*cancelled, line, state_event(experiment), progress_event(experiment)]
    emit(experiment.pk, told, run)


@transaction.atomic
def reclaim(trial: Trial) -> None:
    """Take back a trial whose worker fell silent: queue it again, or give it up."""
    experiment = lock(trial.experiment_id)
    dead = selectors.expired(Trial.objects.filter(pk=trial.pk))
    run = Run.objects.get(pk=trial.run_id)
    trial.attempts += 1
    columns: dict[str, Any] = {"attempts": trial.attempts, "rung_at": timezone.now(), **FREE}
    trial.status = _status_without_worker(run)
    if trial.status == Trial.Status.QUEUED and trial.attempts >= MAX_ATTEMPTS:
        trial.status = Trial.Status.FAILED
        columns |= {
            "error": f"The worker died {trial.attempts} times while working on this candidate.",
            "finished_at": timezone.now(),
            "ended_seq": experiment.last_seq + 1,
            "feasible": False,
        }
    if not dead.update(status=trial.status, **columns):
        return
    text = f"{trial}: its worker {trial.lease_owner} fell silent; now {trial.status}."
    emit(
        experiment.pk,
        [
            candidates_event(run, [trial]),
            log_event("warning", "reaper", text),
        ],
        run,
    )
    if trial.status == Trial.Status.QUEUED:
        transaction.on_commit(partial(doorbell.work_on_trial, trial))
    else:
        transaction.on_commit(partial(doorbell.advance, run.pk))


def _hypervolume_event(run: Run, points: Sequence[HypervolumePoint]) -> Event:
    return "hv.point", {
        "run": str(run.pk),
        "trials": [point.trials for point in points],
        "seconds": [round(point.seconds, 1) for point in points],
        "hypervolume": [round(point.hypervolume, 6) for point in points],
    }


def _update_front(experiment: Experiment, news: Sequence[Trial]) -> list[Event]:
    if not any(trial.feasible for trial in news):
        return []
    before = set(experiment.trials.filter(on_front=True).values_list("number", flat=True))
    after = front_numbers(experiment, news)
    added, removed = sorted(after - before), sorted(before - after)
    if not added and not removed:
        return []
    experiment.trials.filter(number__in=removed).update(on_front=False)
    experiment.trials.filter(number__in=added).update(on_front=True)
    payload = {"added": added, "removed": removed, **selectors.front_summary(experiment)}
    return [("front.delta", payload)]


def _end_run(run: Run, status: str, reason: str) -> None:
    now = timezone.now()
    run.seconds_used, run.active_since = run.seconds, None
    run.status, run.finish_reason, run.finished_at = status, reason, now
    run.save(
        update_fields=["status", "finish_reason", "finished_at", "seconds_used", "active_since"]
    )


def _settle(experiment: Experiment) -> bool:
    """Derive the experiment's state from its runs; True if it changed."""
    states = set(experiment.runs.values_list("status", flat=True))
    before = experiment.status
    if states & {Run.Status.RUNNING}:
        begun = experiment.trials.filter(finished_at__isnull=False).exists()
        experiment.status = Experiment.Status.RUNNING if begun else Experiment.Status.STARTING
        experiment.started_at = experiment.started_at or timezone.now()
    elif states <= set(Run.FINISHED) and not experiment.is_finished:
        ends = (Run.Status.FAILED, Run.Status.CANCELLED, Run.Status.STOPPED)
        worst = next((state for state in ends if state in states), Run.Status.DONE)
        experiment.status = Experiment.Status(str(worst))
        experiment.finished_at = timezone.now()
    experiment.save(update_fields=["status", "status_reason", "started_at", "finished_at"])
    return experiment.status != before
