"""Does the work of a claimed job: measure a network, export a candidate, profile a device."""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from experiments.errors import LeaseLost
from experiments.leases import AWAY, keep_alive
from experiments.models import Artifact, Job, Trial
from experiments.monitor import stop_at_shutdown
from experiments.profile_work import profile_device
from experiments.selectors import network_of
from experiments.services import jobs
from experiments.space_store import find_space
from hardware_profiles import profiling
from hardware_profiles.models import Measurement
from hardware_profiles.services import measure_networks, measurement_object, store_measurement
from search_engine.errors import ExportError, Interrupted, SearchEngineError
from search_engine.exporters import EXPORTERS
from search_engine.loading import load_dataset
from search_engine.network import NetworkSpec

logger = logging.getLogger(__name__)


def run_job(job_id: object) -> None:
    """Do a queued job; its row says how it ended."""
    try:
        job = jobs.claim_job(job_id)
        if job is None:
            return
        with keep_alive(Job, [job.pk]):
            _work(job)
    except LeaseLost as error:
        logger.warning("%s", error)


def _work(job: Job) -> None:
    try:
        result, artifacts = _WORK[job.kind](job)
    except Interrupted:
        jobs.release_job(job)
        return
    except (LeaseLost, *AWAY):
        raise  # not the job's fault: it is taken back when the lease is over
    except Exception as error:
        if not isinstance(error, SearchEngineError):
            logger.exception("Job %s failed unexpectedly", job.pk)
        text = f"{type(error).__name__}: {error}"[:2000]
        with transaction.atomic():
            jobs.report(job, status=Job.Status.FAILED, error=text)
            if job.profile is not None:
                profiling.end(job.profile, "failed", text)
        return
    if result is None:
        return  # it goes on later
    try:
        jobs.report(job, artifacts, status=Job.Status.DONE, progress=1.0, result=result)
    except LeaseLost:
        for artifact in artifacts:
            artifact.file.unlink(missing_ok=True)
        raise


def _measure(job: Job) -> tuple[dict[str, Any], list[Artifact]]:
    network = network_to_measure(job)
    (found,) = measure_networks(job.device, [network], between_rounds=stop_at_shutdown)
    return measured(store_measurement(device=job.device, network=network, result=found)), []


def network_to_measure(job: Job) -> NetworkSpec:
    """The network that a measuring job is about. UnknownKeyError, SpaceError: its space is gone."""
    if job.trial is not None:
        return network_of(job.trial)
    version = job.params.get("search_space_version")
    found = find_space(job.params["search_space"], job.owner, version)
    return found.load().decode(tuple(job.params["genes"]))


def measured(measurement: Measurement) -> dict[str, Any]:
    """The result of a measuring job."""
    return {
        **measurement_object(measurement),
        "device": measurement.device.slug,
        "network_hash": measurement.network_hash,
        "samples": measurement.samples,
        "environment": measurement.environment,
    }


def _export(job: Job) -> tuple[dict[str, Any], list[Artifact]]:
    import torch  # noqa: PLC0415 - only this job needs it

    trial, key = job.trial, job.params["format"]
    weights = Path(settings.NASWEB_VAR) / trial.weights
    if not weights.exists():
        raise ExportError(f"The trained weights of candidate {trial} are gone: {trial.weights}.")
    state = torch.load(weights, map_location="cpu", weights_only=True)
    exporter: Any = EXPORTERS.resolve(key)
    config = EXPORTERS.parse_config(key, job.params["options"])
    artifact = Artifact(job=job, trial=trial, format=key)
    artifact.name = f"candidate-{trial.number}{exporter.extension}"
    artifact.path = str(Path("artifacts") / str(artifact.pk) / artifact.name)
    artifact.file.parent.mkdir(parents=True)
    artifact.facts = exporter(config).export(
        network_of(trial), state, artifact.file, facts=_deployment_facts(trial)
    )
    content = artifact.file.read_bytes()
    artifact.bytes, artifact.sha256 = len(content), hashlib.sha256(content).hexdigest()
    return {"facts": artifact.facts}, [artifact]


def _deployment_facts(trial: Trial) -> dict[str, Any]:
    """What whoever deploys the file must know: classes, normalisation, what was measured."""
    dataset = trial.experiment.config["dataset"]
    facts = load_dataset(dataset).deployment_facts() if dataset else {}
    return {**facts, "candidate": trial.number, "metrics": trial.metrics}


def _profile(job: Job) -> tuple[dict[str, Any] | None, list[Artifact]]:
    return profile_device(job), []


_WORK: dict[str, Callable[[Job], tuple[dict[str, Any] | None, list[Artifact]]]] = {
    Job.Kind.MEASURE: _measure,
    Job.Kind.EXPORT: _export,
    Job.Kind.PROFILE: _profile,
}
