"""Measures what waits for a device: a few networks per shuffled session, host to itself."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from experiments import engine
from experiments.errors import LeaseLost
from experiments.leases import AWAY, keep_alive
from experiments.models import Run, Trial
from experiments.monitor import shutdown, stop_at_shutdown
from experiments.services import recording
from experiments.verdict import failure, sentence, verdict
from hardware_profiles.models import Device, Measurement
from hardware_profiles.selectors import active_devices
from hardware_profiles.services import measure_networks, measurement_object, store_measurement
from search_engine.errors import Interrupted, SearchEngineError
from search_engine.network import NetworkSpec
from search_engine.types import metric_key

BATCH = 6

logger = logging.getLogger(__name__)


def measure(slug: str) -> None:
    """Measure everything that waits for a device, then return."""
    device = active_devices().filter(slug=slug, kind=Device.Kind.LOCAL).first()
    while device is not None and not shutdown.is_set():
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
        results = measure_networks(device, networks, between_rounds=stop_at_shutdown)
    except Interrupted:
        for trial in trials:
            _store(trial, partial(recording.release_trial, trial))
        return
    except AWAY:
        raise  # not the trials' fault: they are taken back when the leases are over
    except Exception as error:  # noqa: BLE001 - belongs to the trial, not to the worker
        if len(trials) > 1:  # one network spoils the session: find out which
            for trial in trials:
                _measure_together(device, [trial])
        else:
            fail(device, trials[0], error)
        return
    for trial, network, result in zip(trials, networks, results, strict=True):
        try:
            _store(trial, partial(store_latency, device, trial, network, result))
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            fail(device, trial, error)


def _store(trial: Trial, action: Callable[[], None]) -> None:
    try:
        action()
    except LeaseLost as error:
        logger.warning("%s", error)


def fail(device: Device, trial: Trial, error: Exception) -> None:
    """Store that a trial this worker holds could not be measured."""
    if not isinstance(error, SearchEngineError):
        logger.error("Measuring trial %s failed unexpectedly", trial.pk, exc_info=error)
    columns = failure(error)
    line = recording.log_event("error", device.slug, f"#{trial.number} {columns['error']}")
    _store(trial, lambda: recording.end_trial(trial, line, **columns))


def store_latency(device: Device, trial: Trial, network: NetworkSpec, result: Any) -> Measurement:
    """Store the latency of a trial this worker holds; over a measured limit, the trial ends.

    Raises:
        LeaseLost: the trial is no longer ours.
    """
    measurement = store_measurement(device=device, network=network, result=result)
    primary = engine.spec_of(trial.experiment).primary_device
    key = metric_key("latency_ms", device.slug, primary)
    metrics = {**trial.metrics, key: measurement_object(measurement)}
    columns = verdict(engine.problem_for(trial.experiment), metrics)
    if columns["violation"] > 0:
        columns["details"] = {**trial.details, "not_trained": "over a measured limit"}
        text = f"{sentence(trial, columns)}: over a measured limit, not trained"
        line = recording.log_event("info", device.slug, text)
        recording.end_trial(trial, line, **columns)
        return measurement
    following = engine.unmeasured_device(trial.experiment, metrics)
    recording.release_trial(trial, metrics=metrics, awaiting=following)
    return measurement
