"""Pages: complete, without repetition, in both directions, for any ordering."""

import pytest
from django.db.models import F

from experiments.api.pagination import CursorPages
from experiments.models import Trial
from tests.experiments.api.world import add_trials, experiment_of

PATH = "experiments/{}/trials/"


@pytest.fixture
def path(experiment):
    add_trials(experiment, 10)
    add_trials(experiment, 5, metrics={}, started_at=None, finished_at=None)
    return PATH.format(experiment.pk)


def walk(client, path, limit, **query):
    """Numbers page by page, and the address of the last page."""
    text = "&".join(f"{key}={value}" for key, value in {"limit": limit, **query}.items())
    return follow(client, f"{path}?{text}", "next")


def follow(client, url, link):
    pages = []
    while url is not None:
        body, last = client.get(url).json(), url
        pages.append([row["number"] for row in body["results"]])
        url = body[link]
    return pages, last


ORDERINGS = ["number", "-number", "accuracy", "-accuracy", "seconds", "-seconds", "status",
             "-started_at", "params", "-macs"]  # fmt: skip


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("limit", [1, 4, 15, 100])
def test_every_row_comes_once_with_equal_and_missing_values(api, path, ordering, limit):
    whole = walk(api, path, 1000, ordering=ordering)[0][0]
    pages, _ = walk(api, path, limit, ordering=ordering)
    assert [number for page in pages for number in page] == whole
    assert sorted(whole) == list(range(15))


@pytest.mark.parametrize("ordering", ["number", "-accuracy", "seconds"])
def test_the_way_back_passes_the_same_pages(api, path, ordering):
    forth, last = walk(api, path, 4, ordering=ordering)
    back, first = follow(api, last, "previous")
    assert back == forth[::-1]
    assert api.get(first).json()["previous"] is None


@pytest.mark.parametrize("ordering", ["accuracy", "-accuracy"])
def test_rows_without_a_value_come_last(api, path, ordering):
    rows = api.get(f"{path}?ordering={ordering}").json()["results"]
    assert ["accuracy" in row["metrics"] for row in rows] == [True] * 10 + [False] * 5


def test_rows_that_arrive_meanwhile_do_not_shift_pages(api, experiment, alice):
    for number in range(4):
        experiment_of(alice, name=f"old {number}")
    first = api.get("experiments/?limit=2").json()
    experiment_of(alice, name="new")
    second = api.get(first["next"]).json()
    names = [row["name"] for row in first["results"] + second["results"]]
    assert names == ["old 3", "old 2", "old 1", "old 0"]


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "ten", "1.5", "", "٣", "9" * 30])
def test_a_limit_out_of_range_is_an_error(api, path, limit):
    response = api.get(f"{path}?limit={limit}")
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "limit"


def test_an_unknown_ordering_lists_those_that_exist(api, path):
    response = api.get(f"{path}?ordering=secret")
    assert response.status_code == 400
    assert "accuracy" in response.json()["errors"][0]["detail"]


@pytest.mark.parametrize("cursor", ["", "abc", "WyIiLDAsWzFdXQ:1:x", "\x00", "é"])
def test_a_forged_cursor_is_an_error(api, path, cursor):
    response = api.get(path, {"cursor": cursor})
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "cursor"


def test_a_cursor_of_another_ordering_is_an_error(api, path):
    url = api.get(f"{path}?limit=2&ordering=number").json()["next"]
    assert api.get(url.replace("ordering=number", "ordering=-accuracy")).status_code == 400


def test_a_cursor_of_another_list_is_an_error(api, path):
    cursor = api.get("datasets/?limit=1").json()["next"].split("cursor=")[1].split("&")[0]
    for other in (path, "experiments/", "search-spaces/"):
        response = api.get(f"{other}?cursor={cursor}")
        assert response.status_code == 400
        assert response.json()["errors"][0]["attr"] == "cursor"


def test_a_page_costs_one_query_however_late(api, path, django_assert_num_queries, rf):
    class View:
        ordering = ("number",)
        orderings = {"doubled": F("number") * 2}

    from rest_framework.request import Request

    pages = CursorPages()
    request = Request(rf.get("/x", {"limit": 3, "ordering": "-doubled"}))
    with django_assert_num_queries(1):
        rows = pages.paginate_queryset(Trial.objects.all(), request, View())
    assert [row.number for row in rows] == [14, 13, 12]
    assert "cursor=" in pages.get_paginated_response([]).data["next"]


def test_lists_in_memory_have_the_same_pages(api):
    whole = api.get("datasets/").json()
    first = api.get("datasets/?limit=2").json()
    second = api.get(first["next"]).json()
    assert first["results"] + second["results"] == whole["results"][:4]
    assert api.get(second["previous"]).json()["results"] == first["results"]
    assert first["previous"] is None
    assert whole["next"] is None
