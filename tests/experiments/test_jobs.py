"""Jobs: measure and export, from the request to the verified file."""

import hashlib

import numpy as np
import onnxruntime
import pytest

from experiments.errors import LeaseLost, StateConflict
from experiments.models import Artifact, Job
from experiments.selectors import network_of
from experiments.services import jobs, lifecycle
from search_engine.errors import SpaceError, UnknownKeyError
from search_engine.loading import load_dataset
from tests.experiments.work import document, tabular, work_until_idle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def trained(alice):
    """A trained candidate."""
    experiment = lifecycle.create_experiment(owner=alice, data=document(budget={"max_trials": 1}))
    work_until_idle()
    return experiment.trials.get()


def test_an_exported_file_predicts_what_the_trained_network_predicts(alice, trained):
    import torch

    from search_engine.nn.builder import build

    job = jobs.request_export(owner=alice, trial=trained, format="onnx")
    work_until_idle()
    job.refresh_from_db()
    assert (job.status, job.error) == (Job.Status.DONE, "")
    artifact = job.artifacts.get()
    content = artifact.file.read_bytes()
    assert (artifact.bytes, artifact.sha256) == (
        len(content),
        hashlib.sha256(content).hexdigest(),
    )
    images = load_dataset("digits").load("val").x
    session = onnxruntime.InferenceSession(content)
    logits = session.run(None, {session.get_inputs()[0].name: images})[0]
    module = build(network_of(trained))
    from django.conf import settings

    module.load_state_dict(torch.load(settings.NASWEB_VAR / trained.weights, weights_only=True))
    with torch.inference_mode():
        expected = module.eval()(torch.from_numpy(images)).numpy()
    assert np.abs(logits - expected).max() < 1e-4
    accuracy = float((logits.argmax(1) == load_dataset("digits").load("val").y).mean())
    assert accuracy == pytest.approx(trained.metrics["accuracy"]["value"], abs=1e-6)
    kept = session.get_modelmeta().custom_metadata_map
    assert {"class_names", "normalisation", "metrics"} <= set(kept), kept


def test_a_measured_job_has_raw_runs_and_environment(alice, cpu):
    job = jobs.request_measurement(
        owner=alice, device=cpu, space="nasbench201", genes=[1, 1, 1, 1, 1, 1]
    )
    work_until_idle()
    job.refresh_from_db()
    assert (job.status, job.error) == (Job.Status.DONE, "")
    assert job.result["origin"] == "measured"
    assert job.result["value"] > 0
    assert job.result["samples"]
    assert job.result["environment"]


def test_what_was_never_trained_cannot_be_exported(alice):
    experiment = lifecycle.create_experiment(owner=alice, data=tabular(budget={"max_trials": 1}))
    work_until_idle()
    with pytest.raises(StateConflict, match="no trained weights"):
        jobs.request_export(owner=alice, trial=experiment.trials.get(), format="onnx")
    assert not Job.objects.exists()


def test_bad_requests_store_nothing(alice, cpu, trained):
    with pytest.raises(UnknownKeyError):
        jobs.request_export(owner=alice, trial=trained, format="docx")
    with pytest.raises(SpaceError):
        jobs.request_measurement(owner=alice, device=cpu, space="nasbench201", genes=[9] * 6)
    cpu.is_active = False
    with pytest.raises(StateConflict, match="disabled"):
        jobs.request_measurement(owner=alice, device=cpu, trial=trained)
    assert not Job.objects.exists()


def test_a_cancelled_job_leaves_no_file(alice, trained):
    job = jobs.request_export(owner=alice, trial=trained, format="onnx")
    claimed = jobs.claim_job(job.pk)
    jobs.cancel_job(job=job)
    with pytest.raises(LeaseLost):
        jobs.report(claimed, [Artifact(job=claimed)], status=Job.Status.DONE, progress=1.0)
    job.refresh_from_db()
    assert job.status == Job.Status.CANCELLED
    assert not Artifact.objects.exists()
    with pytest.raises(StateConflict):
        jobs.cancel_job(job=job)


def test_missing_weights_fail_the_job_with_the_reason(alice, trained, settings):
    (settings.NASWEB_VAR / trained.weights).unlink()
    job = jobs.request_export(owner=alice, trial=trained, format="onnx")
    work_until_idle()
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert "are gone" in job.error
