"""Sockets: every event once and in order, nothing for strangers."""

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import AnonymousUser

from experiments.models import RunEvent
from experiments.services import lifecycle, recording
from tests.experiments.sockets import Socket
from tests.experiments.work import document

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def experiment(alice):
    return lifecycle.create_experiment(owner=alice, data=document())


@database_sync_to_async
def say(experiment, *texts: str) -> None:
    from django.db import transaction

    for text in texts:
        with transaction.atomic():
            recording.lock(experiment.pk)
            recording.emit(experiment.pk, [recording.log_event("info", "test", text)])


async def test_events_arrive_in_order_and_a_reconnect_misses_nothing(alice, experiment):
    path = f"/ws/experiments/{experiment.pk}/"
    first = Socket(alice, f"{path}?after=0")
    await first.connect()
    assert (await first.receive(1))[0]["type"] == "exp.state"
    await say(experiment, "one", "two")
    before = await first.receive(2)
    await first.disconnect()
    await say(experiment, "three", "four", "five")
    again = Socket(alice, f"{path}?after={before[-1]['seq']}")
    await again.connect()
    after = await again.receive(3)
    await say(experiment, "six")
    after += await again.receive(1)
    await again.disconnect()
    told = [message["lines"][0]["text"] for message in before + after]
    assert told == ["one", "two", "three", "four", "five", "six"]
    assert [m["seq"] for m in before + after] == list(range(2, 8))


@pytest.mark.parametrize("after", ["999", "0"])
async def test_a_number_that_cannot_be_continued_from_is_told_to_start_over(
    alice, experiment, after
):
    await say(experiment, "one", "two")
    await RunEvent.objects.filter(seq=1).adelete()
    communicator = Socket(alice, f"/ws/experiments/{experiment.pk}/?after={after}")
    await communicator.connect()
    assert (await communicator.receive(1))[0]["type"] == "resync"
    await communicator.disconnect()


async def test_a_stranger_is_turned_away_like_from_something_that_does_not_exist(
    mallory, experiment
):
    communicator = Socket(mallory, f"/ws/experiments/{experiment.pk}/")
    await communicator.connect()
    assert await communicator.closing_code() == 4404


@pytest.mark.parametrize("path", ["/ws/experiments/", "/ws/experiments/{}/"])
async def test_nobody_listens_without_signing_in(experiment, path):
    communicator = Socket(AnonymousUser(), path.format(experiment.pk))
    await communicator.connect()
    assert await communicator.closing_code() == 4401


async def test_the_list_hears_of_its_own_experiments_only(alice, mallory, experiment):
    mine, theirs = Socket(alice, "/ws/experiments/"), Socket(mallory, "/ws/experiments/")
    await mine.connect()
    await theirs.connect()
    await say(experiment, "news")
    message = (await mine.receive(1))[0]
    assert message["type"] == "exp.summary"
    assert message["experiment"] == str(experiment.pk)
    assert message["progress"]["total"] == 6
    assert await theirs.receive_nothing(timeout=0.5)
    await mine.disconnect()
    await theirs.disconnect()
