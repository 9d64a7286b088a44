"""WebSocket doors: a cursor over an experiment's events, and a summary of a user's list."""

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from experiments import live, selectors
from experiments.models import Experiment, RunEvent

BATCH_SECONDS = 0.25
LIST_SECONDS = 1.0
LOOK_SECONDS = 15.0
PAGE = 500
NOT_SIGNED_IN, NOT_FOUND, TRY_AGAIN = 4401, 4404, 1013

logger = logging.getLogger(__name__)


class ExperimentConsumer(AsyncJsonWebsocketConsumer):
    """Delivers every event after `?after=<seq>` once and in order.

    The group's messages only say that there is something new; what is sent is read from the
    events table, at most every 250 ms, so a lost or doubled message does no harm.
    """

    _task: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        user = self.scope.get("user")
        await self.accept()
        if user is None or not user.is_authenticated:
            await self.close(NOT_SIGNED_IN)
            return
        self._id = str(self.scope["url_route"]["kwargs"]["experiment_id"])
        if not await database_sync_to_async(self._visible)():
            await self.close(NOT_FOUND)
            return
        self._after = _after(self.scope)
        self._changed = asyncio.Event()
        self._changed.set()
        await self.channel_layer.group_add(live.experiment_group(self._id), self.channel_name)
        self._task = asyncio.create_task(_kept_or_closed(self, self._pump()))

    async def disconnect(self, code: int) -> None:
        if self._task is not None:
            self._task.cancel()
            await self.channel_layer.group_discard(
                live.experiment_group(self._id), self.channel_name
            )

    async def experiment_changed(self, message: dict[str, Any]) -> None:
        """The group's doorbell."""
        self._changed.set()

    async def _pump(self) -> None:
        if await database_sync_to_async(self._impossible)():
            await self.send_json({"type": "resync", "reason": "These events are not kept."})
            return
        while True:
            with suppress(TimeoutError):  # the doorbell of the last event may have been lost
                await asyncio.wait_for(self._changed.wait(), LOOK_SECONDS)
            self._changed.clear()
            while messages := await database_sync_to_async(self._next)():
                for message in messages:
                    await self.send_json(message)
            await asyncio.sleep(BATCH_SECONDS)

    def _visible(self) -> bool:
        return selectors.experiments_for(self.scope["user"]).filter(pk=self._id).exists()

    def _impossible(self) -> bool:
        """Events after the client's number were pruned, or its number was never given."""
        last = Experiment.objects.values_list("last_seq", flat=True).get(pk=self._id)
        if self._after > last:
            return True
        rows = RunEvent.objects.filter(experiment_id=self._id, seq__gt=self._after)
        first = rows.order_by("seq").values_list("seq", flat=True).first()
        return first is not None and first != self._after + 1

    def _next(self) -> list[dict[str, Any]]:
        events = selectors.events_after(self._id, self._after, PAGE)
        if events:
            self._after = events[-1].seq
        return [event.message for event in events]


class ListConsumer(AsyncJsonWebsocketConsumer):
    """Tells a user's list of experiments how those that change are doing, once a second each."""

    _task: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        user = self.scope.get("user")
        await self.accept()
        if user is None or not user.is_authenticated:
            await self.close(NOT_SIGNED_IN)
            return
        self._group = live.user_group(user.pk)
        self._changed: set[str] = set()
        self._wake = asyncio.Event()
        await self.channel_layer.group_add(self._group, self.channel_name)
        self._task = asyncio.create_task(_kept_or_closed(self, self._pump()))

    async def disconnect(self, code: int) -> None:
        if self._task is not None:
            self._task.cancel()
            await self.channel_layer.group_discard(self._group, self.channel_name)

    async def experiment_changed(self, message: dict[str, Any]) -> None:
        """The group's doorbell."""
        self._changed.add(message["experiment"])
        self._wake.set()

    async def _pump(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            changed, self._changed = self._changed, set()
            for summary in await database_sync_to_async(self._summaries)(changed):
                await self.send_json(summary)
            await asyncio.sleep(LIST_SECONDS)

    def _summaries(self, changed: set[str]) -> list[dict[str, Any]]:
        visible = selectors.experiments_for(self.scope["user"]).filter(pk__in=changed)
        return [
            {"type": "exp.summary", "experiment": str(item.pk), **selectors.summary(item)}
            for item in visible
        ]


async def _kept_or_closed(consumer: AsyncJsonWebsocketConsumer, pump: Awaitable[None]) -> None:
    """Run a pump; if it breaks, close the socket, so that the page connects anew and catches up."""
    try:
        await pump
    except Exception:
        logger.exception("A socket is closed because its events cannot be read")
        await consumer.close(TRY_AGAIN)


def _after(scope: dict[str, Any]) -> int:
    """`?after=`, 0 if it is missing or no number."""
    text = parse_qs(scope["query_string"].decode("latin-1")).get("after", ["0"])[0]
    return int(text) if text.isdecimal() and len(text) < 19 else 0
