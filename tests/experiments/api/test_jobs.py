"""Jobs and their files by REST; measuring genes on a device."""

import pytest

from experiments.models import Artifact, Job
from experiments.spaces import space_for
from tests.experiments.api.world import Client, add_artifact, add_trials

ROW = {"id", "kind", "status", "progress", "result", "error", "artifacts"}


@pytest.fixture
def artifact(alice, experiment) -> Artifact:
    (trial,) = add_trials(experiment, 1)
    return add_artifact(alice, trial, b"\x08\x0a model bytes")


def test_a_job_tells_how_it_went_and_what_it_made(api, artifact, experiment):
    job = api.get(f"jobs/{artifact.job_id}/").json()
    assert set(job) >= ROW
    assert (job["kind"], job["status"], job["progress"]) == ("export", "done", 1.0)
    assert (job["experiment"], job["trial"]) == (str(experiment.pk), 0)
    (file,) = job["artifacts"]
    assert {key: file[key] for key in ("id", "name", "format", "bytes", "sha256")} == {
        "id": str(artifact.pk), "name": "model.onnx", "format": "onnx", "bytes": 14,
        "sha256": "5" * 64,
    }  # fmt: skip
    assert api.get(file["url"]).status_code == 200


def test_jobs_are_listed_newest_first_and_filtered(api, alice, artifact, cpu, experiment):
    newer = Job.objects.create(owner=alice, kind="measure", device=cpu)
    rows = api.get("jobs/").json()["results"]
    assert [row["id"] for row in rows] == [str(newer.pk), str(artifact.job_id)]
    assert rows[0]["device"] == "local-cpu"
    assert rows[0]["trial"] is None
    for query in ("kind=export", "status=done", f"experiment={experiment.pk}"):
        found = api.get(f"jobs/?{query}").json()["results"]
        assert [row["id"] for row in found] == [str(artifact.job_id)]
    assert api.get("jobs/?kind=nope").status_code == 400


def test_a_queued_job_is_cancelled_once(api, alice, cpu):
    job = Job.objects.create(owner=alice, kind="measure", device=cpu)
    assert api.post(f"jobs/{job.pk}/cancel/").json()["status"] == "cancelled"
    again = api.post(f"jobs/{job.pk}/cancel/")
    assert again.status_code == 409
    assert "cancelled" in again.json()["errors"][0]["detail"]


def test_download_has_the_bytes_a_name_and_an_etag(api, artifact):
    response = api.get(f"artifacts/{artifact.pk}/download/")
    assert b"".join(response) == b"\x08\x0a model bytes"
    assert response["ETag"] == f'"{artifact.sha256}"'
    assert response["Content-Disposition"] == 'attachment; filename="model.onnx"'
    assert response["Content-Length"] == "14"
    assert response["X-Content-Type-Options"] == "nosniff"


def test_a_known_file_is_not_sent_again(api, artifact):
    response = api.get(
        f"artifacts/{artifact.pk}/download/", headers={"If-None-Match": f'"{artifact.sha256}"'}
    )
    assert response.status_code == 304
    assert response.content == b""


def test_a_file_that_is_gone_is_404_with_what_to_do(api, artifact):
    artifact.file.unlink()
    response = api.get(f"artifacts/{artifact.pk}/download/")
    assert response.status_code == 404
    assert "export it again" in response.json()["errors"][0]["detail"]


def test_a_reader_downloads_and_a_stranger_learns_nothing(bob, mallory, artifact):
    path = f"artifacts/{artifact.pk}/download/"
    assert Client(bob).get(path).status_code == 200
    assert Client(mallory).get(path).status_code == 404


def test_genes_are_measured_on_a_device(api, cpu):
    genes = [0] * len(space_for("mbconv-tiny").variables)
    body = {"search_space": "mbconv-tiny", "genes": genes}
    response = api.post("devices/local-cpu/measure/", body)
    assert response.status_code == 202
    job = Job.objects.get(pk=response.json()["job"])
    assert (job.kind, job.device, job.params) == ("measure", cpu, body)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"search_space": "nope", "genes": [0]},
        {"search_space": "mbconv-tiny", "genes": [0]},
        {"search_space": "nasbench201", "genes": [9] * 6},
        {"search_space": "nasbench201", "genes": "000000"},
        {"search_space": "nasbench201", "genes": [0] * 6, "x": 1},
    ],
)
def test_a_bad_measurement_request_is_400(api, cpu, body):
    assert api.post("devices/local-cpu/measure/", body).status_code == 400
    assert not Job.objects.exists()


def test_measuring_on_no_or_a_disabled_device(api, cpu):
    body = {"search_space": "nasbench201", "genes": [0] * 6}
    assert api.post("devices/nope/measure/", body).status_code == 404
    cpu.is_active = False
    cpu.save()
    assert api.post("devices/local-cpu/measure/", body).status_code == 409


def test_creating_a_device_twice_with_one_key_creates_one(staff):
    client, key = Client(staff), {"Idempotency-Key": "one"}
    body = {"slug": "mine", "name": "Mine", "runtime": "pytorch"}
    first = client.post("devices/", body, headers=key)
    assert first.status_code == 201
    assert client.post("devices/", body, headers=key).json() == first.json()
    assert client.post("devices/", body).status_code == 400, "the slug is taken"
