"""Reads: what a user may see, and rows as pages and API show them. Nothing here writes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import redis
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Count, F, Max, Min, Q, QuerySet
from django.db.models.functions import Mod, Now
from django.utils import timezone

from experiments import engine, workers
from experiments.models import Artifact, Experiment, HypervolumePoint, Job, Run, RunEvent, Trial
from search_engine.network import NetworkSpec
from search_engine.pareto import knee

ETA_INTERVALS = 50
SNAPSHOT_LOG_LINES = 200
SNAPSHOT_CURVES = 8
COLUMNS = (
    "experiment_id",
    "run_id",
    "number",
    "index",
    "known",
    "status",
    "feasible",
    "on_front",
    "metrics",
    "finished_at",
)


def experiments_for(user: AbstractBaseUser) -> QuerySet[Experiment]:
    """Experiments a user may see: their own and those shared with them."""
    return Experiment.objects.filter(Q(owner=user) | Q(shared_with=user)).distinct()


def jobs_for(user: AbstractBaseUser) -> QuerySet[Job]:
    """A user's own jobs and those on experiments they may see; for staff all profilings as well."""
    visible = experiments_for(user).values("pk")
    seen = Q(owner=user) | Q(trial__experiment__in=visible)
    if user.is_staff:  # devices are shared, and staff manages them
        seen |= Q(kind=Job.Kind.PROFILE)
    return Job.objects.filter(seen).distinct()


def artifacts_for(user: AbstractBaseUser) -> QuerySet[Artifact]:
    """Files of the jobs a user may see."""
    return Artifact.objects.filter(job__in=jobs_for(user).values("pk"))


def network_of(trial: Trial) -> NetworkSpec:
    """The network of a trial, decoded by the space the experiment was created with."""
    return engine.space_for(trial.experiment).decode(tuple(trial.genes))


def candidate_columns(trials: Iterable[Trial]) -> dict[str, Any]:
    """Column arrays of candidates, as the socket and the snapshot send them."""
    rows = list(trials)
    keys = sorted({key for trial in rows for key in trial.metrics})
    return {
        "number": [trial.number for trial in rows],
        "index": [trial.index for trial in rows],
        "known": [trial.known for trial in rows],
        "status": [str(trial.status) for trial in rows],
        "feasible": [trial.feasible for trial in rows],
        "metrics": {
            key: [_rounded(trial.metrics.get(key, {}).get("value")) for trial in rows]
            for key in keys
        },
        "origins": {key: _origins(rows, key) for key in keys},
        "ended_at": [
            trial.finished_at.timestamp() if trial.finished_at else None for trial in rows
        ],
    }


def _origins(rows: Sequence[Trial], key: str) -> str | list[str | None]:
    """Where a metric's numbers come from: one word if all agree, else one per row."""
    words = [trial.metrics.get(key, {}).get("origin") for trial in rows]
    known = {word for word in words if word is not None}
    return known.pop() if len(known) == 1 else words


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def searched(experiment: Experiment) -> QuerySet[Trial]:
    """Trials of the runs that count: the baseline is only for comparison."""
    return Trial.objects.filter(experiment=experiment, run__is_baseline=False)


def front(experiment: Experiment) -> list[Trial]:
    """Feasible non-dominated trials, sorted by the first cost objective."""
    axis = first_cost_axis(experiment)
    return sorted(
        experiment.trials.filter(on_front=True), key=lambda trial: (trial.costs[axis], trial.number)
    )


def first_cost_axis(experiment: Experiment) -> int:
    """Position of the first objective that is minimised, or of the first one at all."""
    directions = [item["direction"] for item in experiment.config["objectives"]]
    return directions.index("minimize") if "minimize" in directions else 0


def best_trial(front_rows: Sequence[Trial]) -> Trial | None:
    """The feasible trial that is best in the first objective; None while there is none."""
    return min(front_rows, key=lambda t: (*t.costs, t.number), default=None)


def knee_trial(front_rows: Sequence[Trial]) -> Trial | None:
    """The front's knee; None for fewer than three points."""
    if len(front_rows) < 3:
        return None
    return front_rows[int(knee(np.array([trial.costs for trial in front_rows], float)))]


def front_summary(experiment: Experiment) -> dict[str, Any]:
    """Best, knee and size of the front as it is stored now."""
    rows = front(experiment)
    best, bend = best_trial(rows), knee_trial(rows)
    return {
        "best": best.number if best else None,
        "knee": bend.number if bend else None,
        "size": len(rows),
    }


def progress(experiment: Experiment) -> dict[str, Any]:
    """Counts, rate and the time that is probably left, over all runs."""
    status = Trial.Status
    counts = experiment.trials.aggregate(
        done=Count("pk", filter=Q(status=status.DONE)),
        failed=Count("pk", filter=Q(status=status.FAILED)),
        running=Count("pk", filter=Q(status__in=[status.MEASURING, status.TRAINING])),
        first=Min("created_at"),
        last=Max("finished_at"),
    )
    runs = list(experiment.runs.all())
    total = sum(run.max_trials for run in runs)
    left = total - counts["done"] - counts["failed"]
    gaps = _completion_gaps(experiment)
    if experiment.is_finished:
        left, eta = 0, (None, None, None)
    else:
        eta = _eta(gaps, left)
    return {
        "total": total,
        "done": counts["done"],
        "failed": counts["failed"],
        "running": counts["running"],
        "rate_per_min": round(60 / gaps.mean(), 2) if gaps.size and gaps.mean() > 0 else None,
        "eta_s": eta[1],
        "eta_p10_s": eta[0],
        "eta_p90_s": eta[2],
        "seconds": round(max((run.seconds for run in runs), default=0.0), 1),
    }


def _completion_gaps(experiment: Experiment) -> np.ndarray:
    ends = list(
        experiment.trials.filter(finished_at__isnull=False)
        .order_by("-finished_at")
        .values_list("finished_at", flat=True)[: ETA_INTERVALS + 1]
    )
    return np.array([(late - early).total_seconds() for late, early in pairwise(ends)])


def _eta(gaps: np.ndarray, left: int) -> tuple[float | None, float | None, float | None]:
    """10th, 50th and 90th percentile of the remaining seconds; None before three completions.

    The sum of `left` gaps is drawn by resampling those seen, so one slow candidate widens the
    range and does not move the middle much.
    """
    if gaps.size < 3 or left <= 0:
        return None, None, None
    rng = np.random.default_rng(0)
    sums = rng.choice(gaps, size=(200, min(left, 500))).mean(axis=1) * left
    low, middle, high = np.percentile(sums, [10, 50, 90])
    return round(float(low), 1), round(float(middle), 1), round(float(high), 1)


def hypervolume_series(experiment: Experiment, every: int = 1) -> list[dict[str, Any]]:
    """One series per run, in the order of creation; every n-th point and the last one."""
    points: dict[Any, list[HypervolumePoint]] = defaultdict(list)
    rows = HypervolumePoint.objects.filter(run__experiment=experiment)
    if every > 1:
        newest = rows.order_by("run_id", "-trials").distinct("run_id").values("pk")
        rows = rows.annotate(rest=Mod(F("trials"), every)).filter(Q(rest=0) | Q(pk__in=newest))
    for point in rows.order_by("trials"):
        points[point.run_id].append(point)
    return [
        {
            "run": str(run.pk),
            "strategy": run.strategy,
            "seed": run.seed,
            "baseline": run.is_baseline,
            "trials": [point.trials for point in points[run.pk]],
            "seconds": [round(point.seconds, 1) for point in points[run.pk]],
            "hypervolume": [round(point.hypervolume, 6) for point in points[run.pk]],
        }
        for run in experiment.runs.all()
    ]


def events_after(experiment_id: object, seq: int, limit: int = 500) -> list[RunEvent]:
    """Events after a number, in order."""
    rows = RunEvent.objects.filter(experiment_id=experiment_id, seq__gt=seq).order_by("seq")
    return list(rows[:limit])


def snapshot(experiment: Experiment) -> dict[str, Any]:
    """Everything the live page needs, as of event `seq`; events after it bring it up to date.

    `seq` is read first: an event that lands in between is applied twice, which every event
    allows, and never missed.
    """
    seq = Experiment.objects.values_list("last_seq", flat=True).get(pk=experiment.pk)
    trials = list(experiment.trials.only(*COLUMNS))
    return {
        "seq": seq,
        "objectives": experiment.config["objectives"],
        "constraints": experiment.config["constraints"],
        **_drawn(experiment, trials),
        "hypervolume": hypervolume_series(experiment),
        "log": _log_lines(experiment),
    }


def sketch(experiment: Experiment, most: int = 600) -> dict[str, Any]:
    """What first paint shows: as the snapshot, but light however large the experiment is.

    The front and the known networks are complete; of the other candidates, and of each
    hypervolume series, about `most` are there, evenly spread.
    """
    step = max(1, -(-experiment.next_number // most))
    spread = experiment.trials.annotate(rest=Mod(F("number"), step))
    shown = Q(rest=0) | Q(on_front=True) | ~Q(known="")
    trials = list(spread.filter(shown).only(*COLUMNS))
    return {
        **_drawn(experiment, trials),
        "hypervolume": hypervolume_series(experiment, every=step),
    }


def _drawn(experiment: Experiment, trials: Sequence[Trial]) -> dict[str, Any]:
    front_rows = front(experiment)
    best, bend = best_trial(front_rows), knee_trial(front_rows)
    return {
        "progress": progress(experiment),
        "candidates": {
            "run": [str(trial.run_id) for trial in trials],
            "on_front": [trial.on_front for trial in trials],
            **candidate_columns(trials),
        },
        "front": [trial.number for trial in front_rows],
        "best": best.number if best else None,
        "knee": bend.number if bend else None,
        "curves": _curves(trials, best),
        "workers": living_workers(),
    }


def living_workers() -> list[dict[str, Any]]:
    """Workers that were heard of lately; none while the broker does not answer."""
    try:
        return [{"id": f"{w.host}:{w.pid}", **asdict(w)} for w in workers.alive()]
    except redis.RedisError:
        return []


def _curves(trials: Sequence[Trial], best: Trial | None) -> dict[str, list[dict[str, Any]]]:
    training = [t for t in trials if t.status == Trial.Status.TRAINING and t.curve]
    shown = ([best] if best is not None and best.curve else []) + training
    return {str(trial.number): trial.curve for trial in shown[:SNAPSHOT_CURVES]}


def _log_lines(experiment: Experiment) -> list[dict[str, Any]]:
    events = experiment.events.filter(kind="log.batch").order_by("-seq")[:SNAPSHOT_LOG_LINES]
    lines = [line for event in reversed(events) for line in event.payload["lines"]]
    return lines[-SNAPSHOT_LOG_LINES:]


def stale(queryset: QuerySet[Any], seconds: float) -> QuerySet[Any]:
    """Rows that nobody holds and that were last rung for longer than `seconds` ago."""
    old = timezone.now() - timedelta(seconds=seconds)
    return queryset.filter(unheld()).filter(Q(rung_at__isnull=True) | Q(rung_at__lt=old))


def expired(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """Rows whose worker stopped renewing its lease."""
    return queryset.filter(lease_expires__lt=Now())


def unheld() -> Q:
    """Rows that no living worker holds."""
    return Q(lease_expires__isnull=True) | Q(lease_expires__lt=Now())


def active_runs() -> QuerySet[Run]:
    """Runs that should be going on."""
    return Run.objects.filter(status__in=Run.ACTIVE)


def forgotten_trials(seconds: float) -> QuerySet[Trial]:
    """Queued trials of active runs that nobody was told about for a while."""
    queued = Trial.objects.filter(status=Trial.Status.QUEUED, run__status__in=Run.ACTIVE)
    return stale(queued, seconds).order_by("created_at")


def summary(experiment: Experiment) -> dict[str, Any]:
    """A row of the list: state, progress, best candidate, size of the front, hypervolume."""
    rows = front(experiment)
    best = best_trial(rows)
    series = next((s for s in hypervolume_series(experiment) if not s["baseline"]), None)
    return {
        "status": experiment.status,
        "reason": experiment.status_reason,
        "progress": progress(experiment),
        "best": None if best is None else {"number": best.number, "metrics": best.metrics},
        "front": len(rows),
        "hypervolume": series["hypervolume"] if series else [],
    }
