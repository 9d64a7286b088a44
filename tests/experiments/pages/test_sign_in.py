"""Sign-in and sign-out."""

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db

LOGIN = "/login/"


@pytest.mark.parametrize("url", ["/experiments/", "/experiments/new/"])
def test_pages_ask_to_sign_in_and_come_back(client, url):
    response = client.get(url)
    assert response.status_code == 302
    assert response.url == f"{LOGIN}?next={url}"


def test_actions_of_strangers_lead_to_sign_in(client):
    response = client.post("/experiments/demo/")
    assert response.url.startswith(LOGIN)


def test_signing_in_goes_where_one_wanted(client, alice):
    data = {"username": "alice", "password": "alice-password", "next": "/experiments/new/"}
    assert client.post(LOGIN, data).url == "/experiments/new/"


def test_no_redirect_to_a_foreign_host(client, alice):
    data = {"username": "alice", "password": "alice-password", "next": "https://evil.example/"}
    assert client.post(LOGIN, data).url == "/experiments/"


def test_a_wrong_password_is_explained_and_the_name_kept(client, alice):
    html = client.post(LOGIN, {"username": "alice", "password": "wrong"}).content.decode()
    assert "You are not signed in." in html
    assert 'value="alice"' in html
    assert "wrong" not in html


def test_a_signed_in_user_need_not_sign_in_again(client, alice):
    client.force_login(alice)
    assert client.get(LOGIN).url == "/experiments/"


def test_signing_out_takes_a_post(client, alice):
    client.force_login(alice)
    assert client.get(reverse("pages:logout")).status_code == 405
    assert client.post(reverse("pages:logout")).url == LOGIN
    assert client.get("/experiments/").status_code == 302
