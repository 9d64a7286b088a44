"""The same key sent twice: done once, answered twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from experiments.models import ApiToken, Experiment, IdempotencyKey
from tests.experiments.api.world import Client, document

KEY = {"Idempotency-Key": "0b0f4c1e"}


def test_a_repetition_gets_the_first_answer(api):
    first = api.post("experiments/", document(), headers=KEY)
    second = api.post("experiments/", document(), headers=KEY)
    assert first.status_code == second.status_code == 201
    assert second.json() == first.json()
    assert second["Idempotent-Replayed"] == "true"
    assert Experiment.objects.count() == 1


def test_key_order_of_the_body_does_not_matter(api):
    api.post("experiments/", document(), headers=KEY)
    turned = dict(reversed(document().items()))
    assert api.post("experiments/", turned, headers=KEY).status_code == 201
    assert Experiment.objects.count() == 1


def test_another_body_under_the_same_key_is_refused(api):
    api.post("experiments/", document(), headers=KEY)
    response = api.post("experiments/", document(name="other"), headers=KEY)
    assert response.status_code == 422
    assert response.json()["errors"][0]["code"] == "idempotency_key_reused"
    assert Experiment.objects.count() == 1


def test_a_failed_request_leaves_the_key_free(api):
    bad = document(search_space="nope")
    assert api.post("experiments/", bad, headers=KEY).status_code == 400
    assert api.post("experiments/", document(), headers=KEY).status_code == 201
    assert IdempotencyKey.objects.count() == 1


def test_keys_of_users_and_of_addresses_are_apart(api, bob, experiment):
    Experiment.objects.filter(pk=experiment.pk).update(status=Experiment.Status.DONE)
    assert api.post("experiments/", document(), headers=KEY).status_code == 201
    assert Client(bob).post("experiments/", document(), headers=KEY).status_code == 201
    extended = api.post(f"experiments/{experiment.pk}/extend/", {"max_trials": 1}, headers=KEY)
    assert extended.status_code == 200
    assert Experiment.objects.count() == 3


def test_budget_is_extended_once(api, experiment):
    for _ in range(2):
        api.post(f"experiments/{experiment.pk}/extend/", {"max_trials": 5}, headers=KEY)
    assert experiment.runs.get().max_trials == 11


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "é"])
def test_a_malformed_key_is_refused(api, key):
    response = api.post("experiments/", document(), headers={"Idempotency-Key": key})
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "Idempotency-Key"
    assert not Experiment.objects.exists()


def test_a_secret_answer_is_not_kept(api):
    made = api.post("account/tokens/", {"name": "ci"}, headers=KEY).json()
    again = api.post("account/tokens/", {"name": "ci"}, headers=KEY)
    assert again.status_code == 409
    assert ApiToken.objects.filter(name="ci").count() == 1
    assert made["token"] not in str(IdempotencyKey.objects.values())


@pytest.mark.django_db(transaction=True)
def test_simultaneous_requests_create_one(alice):
    client = Client(alice)
    authorization = client._credentials["HTTP_AUTHORIZATION"]

    def post(_):
        own = Client()
        own.credentials(HTTP_AUTHORIZATION=authorization)
        try:
            return own.post("experiments/", document(), headers=KEY).json()["id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(post, range(4)))
    assert len(ids) == 1
    assert Experiment.objects.count() == 1
