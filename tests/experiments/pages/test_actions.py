"""Buttons of the list: quick demo and delete."""

import pytest
from django.urls import reverse

from experiments.models import Experiment
from hardware_profiles.models import Device

pytestmark = pytest.mark.django_db


def test_quick_demo_starts_a_search_and_shows_it(client, alice, cpu):
    client.force_login(alice)
    response = client.post(reverse("pages:demo"))
    experiment = Experiment.objects.get()
    assert experiment.owner == alice
    assert experiment.status == Experiment.Status.QUEUED
    assert response.url == reverse("pages:live", args=[experiment.pk])


def test_quick_demo_without_its_device_says_so(client, alice, cpu):
    Device.objects.update(is_active=False)
    client.force_login(alice)
    response = client.post(reverse("pages:demo"))
    assert response.status_code == 409
    assert "local-cpu" in response.content.decode()
    assert not Experiment.objects.exists()


def test_a_finished_experiment_is_deleted_by_its_owner(client, alice, make):
    experiment = make("done")
    client.force_login(alice)
    response = client.post(reverse("pages:delete", args=[experiment.pk]))
    assert response.url == reverse("pages:experiments")
    assert not Experiment.objects.exists()


def test_a_running_experiment_is_not_deleted_and_the_page_says_why(client, alice, make):
    experiment = make("running")
    client.force_login(alice)
    response = client.post(reverse("pages:delete", args=[experiment.pk]))
    assert response.status_code == 409
    assert "running" in response.content.decode()
    assert Experiment.objects.filter(pk=experiment.pk).exists()


@pytest.mark.parametrize(("shared", "status"), [(False, 404), (True, 403)])
def test_nobody_else_deletes_it(client, make, mallory, shared, status):
    experiment = make("done")
    if shared:
        experiment.shared_with.add(mallory)
    client.force_login(mallory)
    assert client.post(reverse("pages:delete", args=[experiment.pk])).status_code == status
    assert Experiment.objects.filter(pk=experiment.pk).exists()


@pytest.mark.parametrize("name", ["demo", "delete"])
def test_actions_need_a_post(client, alice, make, name):
    experiment = make("done")
    client.force_login(alice)
    url = reverse(f"pages:{name}", args=[experiment.pk] if name == "delete" else [])
    assert client.get(url).status_code == 405
    assert Experiment.objects.count() == 1


@pytest.mark.parametrize("name", ["demo", "delete"])
def test_actions_need_the_csrf_token(alice, make, name):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    experiment = make("done")
    url = reverse(f"pages:{name}", args=[experiment.pk] if name == "delete" else [])
    assert strict.post(url).status_code == 403
    assert Experiment.objects.count() == 1
