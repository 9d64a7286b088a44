"""Tokens: how scripts sign in."""

import pytest

from experiments.api.throttling import FailedLogins
from experiments.models import ApiToken
from experiments.services.tokens import MAX_TOKENS, digest_of, issue_token
from tests.experiments.api.world import Client


def log_in(client, password="alice-password"):
    return client.post("auth/token/", {"username": "alice", "password": password})


def test_password_is_exchanged_for_a_token_that_works(alice, anonymous):
    token = log_in(anonymous).json()["token"]
    anonymous.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert anonymous.get("account/tokens/").status_code == 200


def test_only_the_digest_is_stored(alice, anonymous):
    token = log_in(anonymous).json()["token"]
    stored = ApiToken.objects.get()
    assert stored.digest == digest_of(token)
    assert token not in str(vars(stored))


def test_wrong_password_says_so_in_the_one_shape(alice, anonymous):
    response = log_in(anonymous, "wrong")
    assert response.status_code == 400
    assert response.json()["type"] == "validation_error"
    assert response.json()["errors"][0]["code"] == "authorization"


def test_without_credentials_the_answer_names_the_scheme(anonymous):
    response = anonymous.get("experiments/")
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Token")
    assert response.json()["errors"][0]["code"] == "not_authenticated"


@pytest.mark.parametrize(
    "header", ["Token", "Token ", "Token a b", "Token unknown", "Token \xe9", "token \x7f"]
)
def test_bad_tokens_are_401(anonymous, header):
    anonymous.credentials(HTTP_AUTHORIZATION=header)
    assert anonymous.get("experiments/").status_code == 401


def test_token_of_a_switched_off_user_is_401(alice, api):
    alice.is_active = False
    alice.save()
    assert api.get("experiments/").status_code == 401


def test_a_new_token_shows_its_key_once(api):
    made = api.post("account/tokens/", {"name": "laptop"})
    assert made.status_code == 201
    key = made.json()["token"]
    listed = api.get("account/tokens/")
    assert "laptop" in listed.content.decode()
    assert key not in listed.content.decode()
    assert listed.json()["results"][0]["prefix"] == key[:8]


def test_a_revoked_token_stops_at_once(api):
    made = api.post("account/tokens/", {}).json()
    other = Client()
    other.credentials(HTTP_AUTHORIZATION=f"Token {made['token']}")
    assert other.get("experiments/").status_code == 200
    assert api.delete(f"account/tokens/{made['id']}/").status_code == 204
    assert other.get("experiments/").status_code == 401


def test_use_is_noted(api):
    api.get("experiments/")
    assert ApiToken.objects.get().last_used_at is not None


def test_the_number_of_tokens_is_bounded(alice, api):
    ApiToken.objects.bulk_create(
        ApiToken(user=alice, digest=f"{n:064}", prefix="x") for n in range(MAX_TOKENS)
    )
    response = api.post("account/tokens/", {})
    assert response.status_code == 409
    assert str(MAX_TOKENS) in response.json()["errors"][0]["detail"]


def test_guessing_is_throttled_and_success_is_not_counted(alice, anonymous, monkeypatch):
    monkeypatch.setattr(FailedLogins, "rate", "3/min", raising=False)
    assert [log_in(anonymous).status_code for _ in range(5)] == [200] * 5
    assert [log_in(anonymous, "wrong").status_code for _ in range(4)] == [400] * 3 + [429]
    refused = log_in(anonymous)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0


def test_a_made_up_address_does_not_evade_the_throttle(alice, anonymous, monkeypatch):
    monkeypatch.setattr(FailedLogins, "rate", "1/min", raising=False)
    body = {"username": "alice", "password": "wrong"}
    codes = [
        anonymous.post("auth/token/", body, headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code
        for n in range(2)
    ]
    assert codes == [400, 429]


async def test_a_socket_takes_the_same_header(transactional_db, alice):
    from channels.db import database_sync_to_async
    from django.db import connections

    from experiments.api.authentication import SocketTokenMiddleware

    seen = {}

    async def app(scope, receive, send):
        seen["user"] = scope["user"]

    _, key = await database_sync_to_async(issue_token)(user=alice)
    for header, expected in ((f"Token {key}", True), ("Token wrong", False)):
        scope = {"headers": [(b"authorization", header.encode())], "user": None}
        await SocketTokenMiddleware(app)(scope, None, None)
        assert seen["user"].is_authenticated is expected
    await database_sync_to_async(connections.close_all)()
