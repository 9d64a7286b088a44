"""Advances a run: learns what ended, proposes what there is room for, ends it when it is over."""

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event
from typing import Any

from django.utils import timezone

from experiments import doorbell, engine, selectors
from experiments.errors import StateConflict
from experiments.leases import AWAY, FREE, keep_alive, lease_values, worker_name
from experiments.memory import RunMemories, RunMemory
from experiments.models import Run, Trial
from experiments.monitor import shutdown
from experiments.selectors import living_workers
from experiments.services import lifecycle, recording
from experiments.verdict import failure, found_columns, verdict
from hardware_profiles.errors import MissingRowError
from hardware_profiles.selectors import active_devices
from search_engine.errors import InfeasibleError, SearchEngineError, SpaceExhaustedError
from search_engine.metrics import METRICS
from search_engine.proposing import Proposal
from search_engine.protocols import Evaluator, SilentMonitor

TURN_SECONDS = 5.0
IN_PLACE_SECONDS = 0.25
IN_PLACE_TRIALS = 500
IN_PLACE_CHUNK = 64

memories = RunMemories()


def advance(run_id: object) -> None:
    """Let a run learn what ended, propose what there is capacity for, and end when it is over."""
    row = Run.objects.filter(pk=run_id)
    claimable = row.filter(selectors.unheld()).exclude(status=Run.Status.FAILED)
    if not claimable.update(**lease_values()):
        return
    run = row.select_related("experiment").get()
    more, mine = False, row.filter(lease_owner=worker_name())
    try:
        with keep_alive(Run, [run.pk]) as lost:
            more = _steps(run, lost)
    except Exception as error:
        memories.forget(run.pk)
        if not isinstance(error, AWAY) and mine.exists():  # else the run is not to blame
            recording.fail_run(run, error)
        raise
    finally:
        mine.update(**FREE)
    if more or row.values_list("rung_at", flat=True).first() != run.rung_at:
        doorbell.advance(run_id)


def _steps(run: Run, lost: Event) -> bool:
    """Rounds until there is nothing to do or others should have their turn; True if there is more.

    A run that comes back with more to do goes to the end of the queue.
    """
    until = time.monotonic() + TURN_SECONDS
    while _step(run):
        if time.monotonic() > until or lost.is_set() or shutdown.is_set():
            return True
        run.refresh_from_db()
    return False


def _step(run: Run) -> bool:
    """One round; True if there is more to do at once (free evaluators only)."""
    if run.status not in Run.ACTIVE:
        recording.absorb(memories.recall(run))  # what ended just before it was paused or stopped
        return False
    if disabled := _disabled_devices(run):
        reason = f"Device {disabled} was disabled. Enable it in the admin, then resume."
        with suppress(StateConflict):  # somebody paused or ended it in this moment
            lifecycle.pause(experiment=run.experiment, by="search", reason=reason)
        return False
    if run.status == Run.Status.QUEUED:
        recording.begin_run(run)
    recording.count_time(run)
    memory = memories.recall(run)
    immediate = engine.is_immediate(run.experiment)
    over = _go_on(memory, _evaluate_in_place if immediate else _propose)
    recording.absorb(memory, finished=over)
    return _ended_at_once(memory) or (immediate and not over)


def _ended_at_once(memory: RunMemory) -> bool:
    """Candidates ended while they were proposed: nobody else will ring for them."""
    news = memory.run.trials.filter(status__in=Trial.ENDED, ended_seq__gt=memory.last_seq)
    return news.exists()


def _go_on(memory: RunMemory, propose: Callable[[RunMemory], None]) -> str:
    """Propose if the budget allows; returns why there will be no more proposals, or nothing."""
    run = memory.run
    if run.max_seconds is not None and run.seconds >= run.max_seconds:
        recording.drop_waiting(run)
        return "max_seconds"
    try:
        propose(memory)
    except SpaceExhaustedError:
        return "space_exhausted"
    except InfeasibleError:
        if not memory.proposed:
            raise
        return "nothing_else_feasible"
    return "max_trials" if memory.proposed >= run.max_trials else ""


def _disabled_devices(run: Run) -> str:
    wanted = engine.spec_of(run.experiment).devices
    active = set(active_devices().filter(slug__in=wanted).values_list("slug", flat=True))
    return ", ".join(slug for slug in wanted if slug not in active)


def _propose(memory: RunMemory) -> None:
    """Fill the line: one candidate per worker in work, one waiting, and some being measured."""
    run = memory.run
    capacity = 2 * _trainers() + 2
    room = capacity - run.trials.filter(status__in=Trial.OPEN).count()
    proposals = _take(memory, min(room, run.max_trials - memory.proposed))
    if proposals:
        trials = _new_trials(memory, proposals)
        for trial in trials:
            _end_if_over_a_limit(memory, trial)
            trial.awaiting = engine.unmeasured_device(run.experiment, trial.metrics)
        recording.add_trials(run, trials)


def _take(memory: RunMemory, count: int) -> list[Proposal]:
    """Up to `count` proposals; what came before the space ran out is not thrown away."""
    proposals: list[Proposal] = []
    try:
        while len(proposals) < count and (proposal := memory.proposer.next()) is not None:
            proposals.append(proposal)
    except (SpaceExhaustedError, InfeasibleError):
        if not proposals:
            raise
    return proposals


def _new_trials(memory: RunMemory, proposals: list[Proposal]) -> list[Trial]:
    """Candidates with everything that is known of them at once; failed where a table lacks them."""
    run = memory.run
    told = engine.told_at_once(run.experiment, [proposal.genes for proposal in proposals])
    trials = []
    for proposal, (numbers, missing) in zip(proposals, told, strict=True):
        trial = Trial(
            experiment_id=run.experiment_id,
            run=run,
            index=proposal.number,
            genes=list(proposal.genes),
            hash=proposal.network.digest,
            known=memory.known.get(proposal.genes, ""),
            metrics=engine.analytic_metrics(proposal.network) | numbers,
        )
        if missing:
            _end(trial, failure(MissingRowError(missing)))
        trials.append(trial)
    return trials


def _end_if_over_a_limit(memory: RunMemory, trial: Trial) -> None:
    """What is over a limit by a table or a description is not worth a training."""
    told = any(METRICS[key.partition("@")[0]].needs_device for key in trial.metrics)
    if not told or trial.status in Trial.ENDED:
        return
    columns = verdict(memory.problem, trial.metrics)
    if columns["violation"] > 0:
        over = "over a limit by the numbers of a device that is not measured"
        _end(trial, {**columns, "details": {"not_trained": over}})


def _end(trial: Trial, columns: dict[str, Any]) -> None:
    for name, value in columns.items():
        setattr(trial, name, value)
    trial.started_at = trial.started_at or timezone.now()
    trial.finished_at = timezone.now()


def _evaluate_in_place(memory: RunMemory) -> None:
    """Propose and score for a quarter of a second, then store everything at once."""
    run, until, batch = memory.run, time.monotonic() + IN_PLACE_SECONDS, list[Trial]()
    evaluator = engine.evaluator_for(run.experiment)
    try:
        while len(batch) < IN_PLACE_TRIALS and time.monotonic() < until:
            proposals = _take(memory, min(IN_PLACE_CHUNK, run.max_trials - memory.proposed))
            if not proposals:
                break
            trials = _new_trials(memory, proposals)
            for trial, proposal in zip(trials, proposals, strict=True):
                _score_now(memory, evaluator, proposal, trial)
            memory.learn(trials)
            batch += trials
    finally:
        if batch:
            recording.add_trials(run, batch)
            memory.last_seq = max(trial.ended_seq or 0 for trial in batch)


def _score_now(memory: RunMemory, evaluator: Evaluator, proposal: Proposal, trial: Trial) -> None:
    if trial.status in Trial.ENDED:
        return
    trial.started_at = timezone.now()
    try:
        found = evaluator.evaluate(proposal.network, seed=memory.run.seed, monitor=SilentMonitor())
        columns = found_columns(memory.problem, trial, found)
    except SearchEngineError as error:
        columns = failure(error)
    _end(trial, columns)


def _trainers() -> int:
    return max(1, sum(worker["role"] == "evaluate" for worker in living_workers()))
