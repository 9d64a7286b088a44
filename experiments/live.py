"""Doorbells for browsers: tell the group of an experiment that new events are committed.

The message holds no facts. A consumer reads the events table from where it stands, so nothing
is lost or reordered when a message is.
"""

import logging

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis import RedisError

from experiments.models import Experiment

logger = logging.getLogger(__name__)


def experiment_group(experiment_id: object) -> str:
    """Group of everyone who looks at one experiment."""
    return f"exp.{experiment_id}"


def user_group(user_id: object) -> str:
    """Group of everyone who looks at one user's list of experiments."""
    return f"user.{user_id}"


def ring(experiment_id: object) -> None:
    """Wake the consumers of an experiment and of the lists that show it, if the broker is there."""
    readers = Experiment.objects.filter(pk=experiment_id).values_list("owner_id", "shared_with__id")
    users = {user for row in readers for user in row if user is not None}
    message = {"type": "experiment.changed", "experiment": str(experiment_id)}
    try:
        _send([experiment_group(experiment_id), *map(user_group, users)], message)
    except (RedisError, OSError) as error:
        logger.warning("No page was told about experiment %s: %s", experiment_id, error)


@async_to_sync
async def _send(groups: list[str], message: dict[str, str]) -> None:
    layer = get_channel_layer()
    for group in groups:
        await layer.group_send(group, message)
