"""The experiments list: its states, its filters, and who sees what."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from experiments.models import Experiment, HypervolumePoint, Run

pytestmark = pytest.mark.django_db

URL = "/experiments/"


@pytest.fixture
def page(client, alice):
    """Read the list as Alice."""
    client.force_login(alice)

    def _page(**query):
        response = client.get(URL, query)
        assert response.status_code == 200
        return response.content.decode()

    return _page


def names(html: str) -> list[str]:
    return re.findall(r'class="row-link"[^>]*>([^<]+)<', html)


def test_without_experiments_three_ways_to_start_are_offered(page):
    html = page()
    assert re.findall(r"<h2>([^<]+)</h2>", html)[:3] == [
        "Quick demo", "Start from the form", "Script it",
    ]  # fmt: skip
    assert reverse("pages:demo") in html
    assert "?template=mbconv-cpu" in html


def test_a_row_shows_best_front_and_share_of_the_budget(page, make):
    make("running", results=[(0.9612, 420_000), (0.9803, 1_200_000)], name="rows")
    html = page()
    assert names(html) == ["rows"]
    assert "98.03 %" in html
    assert "1.20 M MACs" in html
    assert 'aria-valuenow="33"' in html
    assert "2 of 6" in html
    assert "Hypervolume from 0.500 to 0.510" in html
    assert "MBConv tiny · Digits 8x8" in html


def test_an_experiment_without_results_says_why_there_is_no_best(page, make):
    make("queued")
    assert "No candidate has finished yet" in page()


def test_a_run_that_ended_by_its_time_limit_is_complete(page, make):
    make("done", results=[(0.9, 1000)])
    assert "100 %" in page()


def test_names_are_shown_as_text_never_as_markup(page, make):
    make(name="<script>alert(1)</script>")
    html = page()
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["beta", "alpha"]),
        ({"state": "paused"}, ["beta"]),
        ({"state": "active"}, ["alpha"]),
        ({"q": "ALPH"}, ["alpha"]),
        ({"q": "mbconv alpha"}, ["alpha"]),
        ({"state": "nonsense"}, ["beta", "alpha"]),
    ],
)
def test_filters_by_state_and_words(page, make, query, expected):
    make("running", name="alpha")
    make("paused", name="beta")
    assert names(page(**query)) == expected


def test_filtered_to_nothing_names_the_filter_and_offers_to_clear_it(page, make):
    make("done", name="alpha")
    html = page(state="failed", q="zebra")
    assert "No experiment matches" in html
    assert "“Failed”" in html
    assert "“zebra”" in html
    assert 'href="?"' in html


def test_counts_of_the_state_filter_follow_the_words(page, make):
    make("running", name="alpha")
    make("running", name="beta")
    html = page(q="alpha")
    assert re.search(r'Active <span class="count">1</span>', html)


def test_long_lists_are_paged_newest_first(page, make, alice):
    first = make(name="oldest")
    Experiment.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(days=1))
    Experiment.objects.bulk_create(
        Experiment(owner=alice, name=f"e{i}", config=first.config, space_document={})
        for i in range(25)
    )
    assert len(names(page())) == 25
    assert names(page(page=2)) == ["oldest"]
    assert names(page(page=99)) == ["oldest"]


def test_a_page_of_rows_takes_a_fixed_number_of_queries(
    make, alice, client, django_assert_max_num_queries
):
    client.force_login(alice)
    for number in range(8):
        make("done", results=[(0.9, 1000), (0.8, 500)], name=f"e{number}")
    with django_assert_max_num_queries(16):
        client.get(URL)


def test_a_long_search_draws_a_short_line_that_ends_where_it_stands(page, make):
    experiment = make("running")
    run = experiment.runs.get()
    Run.objects.filter(pk=run.pk).update(max_trials=10_000)
    HypervolumePoint.objects.bulk_create(
        HypervolumePoint(run=run, trials=n, seconds=n, hypervolume=n / 1000) for n in range(1, 1000)
    )
    html = page()
    points = re.search(r'<polyline points="([^"]+)"', html).group(1).split()
    assert len(points) <= 45
    assert "0.999" in html


def test_part_answers_with_the_table_alone(page, make):
    make(name="alpha")
    html = page(part=1)
    assert names(html) == ["alpha"]
    assert "<html" not in html


def test_one_row_can_be_read_again(client, alice, make):
    client.force_login(alice)
    experiment = make("running", name="alpha")
    html = client.get(reverse("pages:row", args=[experiment.pk])).content.decode()
    assert names(html) == ["alpha"]
    assert f'data-experiment="{experiment.pk}"' in html


def test_a_stranger_sees_nothing_of_it(client, make, mallory):
    experiment = make(name="secret")
    client.force_login(mallory)
    assert "secret" not in client.get(URL).content.decode()
    for url in (
        reverse("pages:row", args=[experiment.pk]),
        f"{reverse('pages:create')}?from={experiment.pk}",
    ):
        assert client.get(url).status_code == 404


def test_shared_experiments_are_listed_but_only_the_owner_is_offered_to_delete(
    client, make, mallory
):
    experiment = make("done", name="ours")
    experiment.shared_with.add(mallory)
    client.force_login(mallory)
    html = client.get(URL).content.decode()
    assert names(html) == ["ours"]
    assert reverse("pages:delete", args=[experiment.pk]) not in html
