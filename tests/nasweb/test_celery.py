"""The queue's settings and the workers' roles."""

import threading

import pytest
from celery import current_app
from django.conf import settings

from nasweb.celery import app, role_of


@pytest.mark.parametrize(
    ("queues", "role"),
    [
        ({"search", "jobs"}, "search"),
        ({"evaluate"}, "evaluate"),
        ({"devices", "device.local-cpu"}, "device"),
    ],
)
def test_a_worker_is_called_after_its_queues(queues, role):
    assert role_of(queues) == role


def test_every_thread_talks_to_our_broker():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(current_app.conf.broker_url))
    thread.start()
    thread.join()
    assert seen == [settings.CELERY_BROKER_URL]


def test_messages_are_plain_data_and_acknowledged_early():
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_acks_late is False
    assert app.conf.task_ignore_result is True
    assert app.conf.worker_prefetch_multiplier == 1


def test_the_clock_rings_tasks_that_exist():
    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks
