"""Measures what waits for a device: a few networks per shuffled session, host to itself."""

import logging
from typing import Any

from experiments import engine
from experiments.errors import LeaseLost
from experiments.leases import keep_alive
from experiments.models import Run, Trial
from experiments.services import recording
from experiments.verdict import failure, sentence, verdict
from hardware_profiles.models import Device
from hardware_profiles.selectors import active_devices
from hardware_profiles.services import measure_networks, measurement_object, store_measurement
from search_engine.errors import SearchEngineError
from search_engine.network import NetworkSpec
from search_engine.types import metric_key

BATCH = 6

logger = logging.getLogger(__name__)


def measure(slug: str) -> None:
    """Measure everything that waits for a device, then return."""
    device = active_devices().filter(slug=slug).first()
    while device is not None:
        line = Trial.objects.filter(
            awaiting=slug, status=Trial.Status.QUEUED, run__status__in=Run.ACTIVE
        ).order_by("created_at", "pk")
        keys = list(line.values_list("pk", flat=True)[:BATCH])
        trials = recording.claim_trials(keys, Trial.Status.MEASURING)
        if not trials:
            return
        with keep_alive(Trial, [trial.pk for trial in trials]):
            _measure_together(device, trials)


def _measure_together(device: Device, trials: list[Trial]) -> None:
    try:
        networks = [
            engine.space_for(trial.experiment).decode(tuple(trial.genes)) for trial in trials
        ]
        results = measure_networks(device, networks)
    except Exception as error:  # noqa: BLE001 - belongs to the trial, not to the worker
        if len(trials) > 1:  # one network spoils the session: find out which
            for trial in trials:
                _measure_together(device, [trial])
        else:
            _fail(device, trials[0], error)
        return
    for trial, network, result in zip(trials, networks, results, strict=True):
        try:
            _store_latency(device, trial, network, result)
        except LeaseLost as error:
            logger.warning("%s", error)


def _fail(device: Device, trial: Trial, error: Exception) -> None:
    if not isinstance(error, SearchEngineError):
        logger.error("Measuring trial %s failed unexpectedly", trial.pk, exc_info=error)
    columns = failure(error)
    line = recording.log_event("error", device.slug, f"#{trial.number} {columns['error']}")
    try:
        recording.end_trial(trial, line, **columns)
    except LeaseLost as lost:
        logger.warning("%s", lost)


def _store_latency(device: Device, trial: Trial, network: NetworkSpec, result: Any) -> None:
    measurement = store_measurement(device=device, network=network, result=result)
    devices = engine.spec_of(trial.experiment).devices
    key = metric_key("latency_ms", device.slug, devices[0])
    metrics = {**trial.metrics, key: measurement_object(measurement)}
    left = [slug for slug in devices if metric_key("latency_ms", slug, devices[0]) not in metrics]
    columns = verdict(engine.problem_for(trial.experiment), metrics)
    if columns["violation"] > 0:
        columns["details"] = {**trial.details, "not_trained": "over a measured limit"}
        text = f"{sentence(trial, columns)}: over a measured limit, not trained"
        line = recording.log_event("info", device.slug, text)
        recording.end_trial(trial, line, **columns)
        return
    status = Run.objects.filter(pk=trial.run_id).values_list("status", flat=True).get()
    goes_on = status in (*Run.ACTIVE, Run.Status.PAUSED)
    recording.release_trial(
        trial,
        status=Trial.Status.QUEUED if goes_on else Trial.Status.CANCELLED,
        metrics=metrics,
        awaiting=left[0] if left else "",
    )
