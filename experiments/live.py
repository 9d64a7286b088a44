"""Doorbells for browsers: tell the group of an experiment that new events are committed.

The message holds no facts. A consumer reads the events table from where it stands, so nothing
is lost or reordered when a message is.
"""

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from experiments.models import Experiment


def experiment_group(experiment_id: object) -> str:
    """Group of everyone who looks at one experiment."""
    return f"exp.{experiment_id}"


def user_group(user_id: object) -> str:
    """Group of everyone who looks at one user's list of experiments."""
    return f"user.{user_id}"


def ring(experiment_id: object) -> None:
    """Wake the consumers of an experiment and of the lists that show it."""
    layer = get_channel_layer()
    send = async_to_sync(layer.group_send)
    message = {"type": "experiment.changed", "experiment": str(experiment_id)}
    send(experiment_group(experiment_id), message)
    readers = Experiment.objects.filter(pk=experiment_id).values_list("owner_id", "shared_with__id")
    for user_id in {user for row in readers for user in row if user is not None}:
        send(user_group(user_id), message)
