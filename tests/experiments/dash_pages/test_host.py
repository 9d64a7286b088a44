"""Dash answers only people who may see the experiment, only its own callbacks, only with CSRF."""

import json

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

FRONT = ("front-graph.figure", "front-x", "params")


def doors(searched, trial):
    live, candidate = f"/dash/live/{searched.pk}/", f"/dash/candidate/{searched.pk}/{trial.number}/"
    return [
        base + door for base in (live, candidate) for door in ("_dash-layout", "_dash-dependencies")
    ]


def test_owner_gets_the_layout_with_the_experiments_own_numbers(client, alice, searched, trial):
    client.force_login(alice)
    for path in doors(searched, trial):
        assert client.get(path).status_code == 200
    text = client.get(f"/dash/live/{searched.pk}/_dash-layout").content.decode()
    front = json.loads(text)["props"]["children"][0]["props"]["children"]["props"]["figure"]["data"]
    numbers = next(trace["customdata"] for trace in front if trace["meta"] == "front")
    assert set(numbers) == set(
        searched.trials.filter(on_front=True).values_list("number", flat=True)
    )


def test_those_it_is_shared_with_see_it_too(client, mallory, searched, trial):
    searched.shared_with.add(mallory)
    client.force_login(mallory)
    assert [client.get(path).status_code for path in doors(searched, trial)] == [200] * 4


def test_a_stranger_learns_nothing(client, mallory, searched, trial, call):
    client.force_login(mallory)
    assert [client.get(path).status_code for path in doors(searched, trial)] == [404] * 4
    assert call(client, *FRONT).status_code == 404


def test_nobody_is_answered_without_signing_in(client, searched, trial, call):
    assert [client.get(path).status_code for path in doors(searched, trial)] == [401] * 4
    assert call(client, *FRONT).status_code == 401


def test_a_callback_draws_the_front_against_another_cost(client, alice, call):
    client.force_login(alice)
    answer = call(client, *FRONT).json()
    figure = answer["response"]["front-graph"]["figure"]
    assert figure["layout"]["meta"]["x"] == "params"


@pytest.mark.parametrize("value", ["accuracy", "no such metric", None, 3, {"a": 1}])
def test_an_axis_that_is_not_offered_changes_nothing(client, alice, call, value):
    client.force_login(alice)
    assert call(client, "front-graph.figure", "front-x", value).status_code == 204
    assert call(client, "hypervolume-graph.figure", "hypervolume-x", value).status_code == 204


def test_hypervolume_against_time(client, alice, call):
    client.force_login(alice)
    answer = call(client, "hypervolume-graph.figure", "hypervolume-x", "seconds").json()
    assert answer["response"]["hypervolume-graph"]["figure"]["layout"]["meta"] == {"x": "seconds"}


def test_requests_that_are_no_callback_of_the_page_are_refused(client, alice, searched, call):
    client.force_login(alice)
    path = f"/dash/live/{searched.pk}/_dash-update-component"
    bodies = ["", "{", "[]", "{}", '{"output": "x.y"}', '{"output": ["front-graph.figure"]}']
    for body in bodies:
        assert client.post(path, body, content_type="application/json").status_code == 400
    assert call(client, "front-graph.figure", "other", "params").status_code == 400
    assert call(client, *FRONT, inputs=[]).status_code == 400
    assert call(client, *FRONT, inputs=None).status_code == 400


def test_a_callback_needs_the_csrf_token(alice, call):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert call(client, *FRONT).status_code == 403


def test_other_doors_of_dash_are_closed(client, alice, searched):
    client.force_login(alice)
    base = f"/dash/live/{searched.pk}/"
    for door in ("_reload-hash", "_favicon.ico", "_dash-update-component", "_mcp", "x"):
        assert client.get(base + door).status_code == 404
    assert client.post(base + "_dash-layout").status_code == 404
    assert client.get("/dash/").status_code == 404
