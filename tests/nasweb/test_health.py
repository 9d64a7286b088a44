"""What load balancers and Prometheus see."""

import json
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from experiments import workers
from experiments.services.tokens import issue_token

pytestmark = pytest.mark.django_db
AWAY = "unix:///nowhere/valkey.sock?db=0"


@pytest.fixture
def announce(broker):
    """Put the note of a living worker into the registry."""

    def put(role, queues, host="host", pid=1):
        note = {"role": role, "queues": queues, "host": host, "pid": pid, "seen_at": 0, "task": ""}
        broker.set(f"{workers.PREFIX}{host}:{pid}", json.dumps(note), ex=workers.LIFETIME)

    return put


def test_healthz_needs_nothing(client, settings):
    settings.REDIS_URL = AWAY
    assert client.get("/healthz").json() == {"status": "ok"}


def test_readyz_names_missing_workers(client, broker):
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["missing"] == ["search worker", "evaluate worker"]


def test_readyz_is_content_with_one_of_each(client, announce):
    announce("search", ["search"], pid=1)
    announce("evaluate", ["evaluate"], pid=2)
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "missing": []}


def test_readyz_names_a_broker_that_is_away(client, settings):
    settings.REDIS_URL = AWAY
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "broker" in response.json()["missing"]


def wait_for(condition):
    """The only living worker, when the list satisfies a condition."""
    deadline = time.monotonic() + 5 * workers.PERIOD
    while not condition(found := workers.alive()):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found[0]


def test_a_registered_worker_is_alive_until_it_resigns(broker):
    workers.register("evaluate", ["evaluate"])
    try:
        info = wait_for(lambda found: found)
        assert (info.role, info.queues, info.task) == ("evaluate", ("evaluate",), "")
        workers.set_current("training 7")
        wait_for(lambda found: found and found[0].task == "training 7")
    finally:
        workers.resign()
    assert workers.alive() == []


def metrics_of(client, **extra):
    response = client.get("/metrics", **extra)
    assert response.status_code == 200
    families = text_string_to_metric_families(response.content.decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics_count_workers_queues_and_trials(client, broker, announce):
    announce("device", ["devices", "device.local-cpu"])
    broker.rpush("device.local-cpu", "a message", "another")
    found = metrics_of(client)
    assert found["nasweb_workers", "device"] == 1
    assert found["nasweb_workers", "evaluate"] == 0
    assert found["nasweb_queue_length", "device.local-cpu"] == 2
    assert found["nasweb_trials", "done"] == 0


def test_metrics_count_requests(client, broker):
    before = metrics_of(client).get(("nasweb_http_requests_total", "GET", "404"), 0)
    client.get("/no-such-page/")
    assert metrics_of(client)["nasweb_http_requests_total", "GET", "404"] == before + 1


def test_metrics_are_for_this_host_and_for_staff(client, broker, alice, staff):
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/metrics", **elsewhere).status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    client.force_login(alice)
    assert client.get("/metrics", **elsewhere).status_code == 404
    client.force_login(staff)
    assert client.get("/metrics", **elsewhere).status_code == 200


def test_metrics_take_a_staff_token(client, broker, alice, staff):
    for user, status in ((alice, 404), (staff, 200)):
        _, key = issue_token(user=user, name="prometheus")
        headers = {"Authorization": f"Token {key}"}
        response = client.get("/metrics", REMOTE_ADDR="192.0.2.7", headers=headers)
        assert response.status_code == status
