"""How a device is doing, in one word with an icon: what lists and pages of devices show first."""

import re
from dataclasses import dataclass

import redis
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from experiments import workers
from hardware_profiles.agents import line
from hardware_profiles.models import Device
from hardware_profiles.profiling import predictor_rows, state_of
from hardware_profiles.selectors import tables_in_use

PARTS = {
    "healthy": ("Healthy", "done", "done"),
    "rough": ("Rough model", "warning", "paused"),
    "ready": ("Ready", "done", "done"),
    "unprofiled": ("Not profiled", "queued", "queued"),
    "profiling": ("Profiling", "running", "running"),
    "paused": ("Profiling paused", "paused", "paused"),
    "throttled": ("Throttled", "heat", "paused"),
    "stale": ("Stale", "clock", "paused"),
    "drifted": ("Drifted", "drift", "paused"),
    "unreachable": ("Unreachable", "unplugged", "failed"),
    "empty": ("No numbers yet", "queued", "queued"),
    "disabled": ("Disabled", "stopped", "stopped"),
}
"""State -> word, icon, and the status whose colour the icon has."""


_WARNING = ("throttled", "stale", "drifted", "unreachable", "empty", "paused", "rough")

ROUGH_ABOVE = 10.0
"""Mean error in percent, on networks kept apart, above which a model is called rough."""

READY = {
    Device.Kind.TABLE: "Answers from its imported tables; nothing is measured.",
    Device.Kind.ANALYTIC: "Answers from its description; nothing is measured.",
}
"""Kind -> what a device that needs no profile is ready for."""

_CODE = re.compile("`([^`]+)`")


@dataclass(frozen=True, slots=True)
class State:
    """One of `PARTS`, and why."""

    key: str
    note: str = ""

    @property
    def warns(self) -> bool:
        """Somebody should do something about it, or know it before trusting a number."""
        return self.key in _WARNING

    @property
    def note_html(self) -> SafeString:
        """The note with what stands in backticks as code."""
        return mark_safe(_CODE.sub(r"<code>\1</code>", escape(self.note)))  # noqa: S308

    @property
    def label(self) -> str:
        return PARTS[self.key][0]

    @property
    def icon(self) -> str:
        return PARTS[self.key][1]

    @property
    def status(self) -> str:
        return PARTS[self.key][2]


def device_state(device: Device, queues: frozenset[str] | None) -> State:
    """What matters most about a device now.

    Args:
        queues: that living workers listen to (`listened_queues`); None if nobody can tell.
    """
    if not device.is_active:
        return State("disabled", "Switched off: its numbers are kept, it is not offered.")
    if problem := _unreachable(device, queues):
        return State("unreachable", problem)
    key, note = state_of(device)
    if key:
        return _profiled(device, note) if key == "profiled" else State(key, note)
    if device.kind == Device.Kind.TABLE and not tables_in_use(device):
        return State("empty", "Import a table: it has no numbers yet.")
    if device.kind == Device.Kind.ANALYTIC and not device.descriptor:
        return State("empty", "Nothing describes it yet: state peak compute and bandwidth.")
    return State("ready", READY[device.kind])


def listened_queues() -> frozenset[str] | None:
    """Queues that some living worker serves; None while the broker does not answer."""
    try:
        return frozenset(queue for worker in workers.alive() for queue in worker.queues)
    except redis.RedisError:
        return None


def _profiled(device: Device, note: str) -> State:
    """Healthy only if the model that the note is about is right, not just there."""
    model = next(iter(predictor_rows(device)))
    mape = model["mape"]
    if mape is None or mape <= ROUGH_ABOVE:
        return State("healthy", note)
    text = f"Its model of {model['space']} is off by {mape:.0f} % on average; profile it longer."
    return State("rough", text)


def _unreachable(device: Device, queues: frozenset[str] | None) -> str:
    """Why nothing can be measured, or nothing."""
    if device.kind == Device.Kind.AGENT:
        return line(device)["problem"]
    if device.kind == Device.Kind.LOCAL and queues is not None and device.queue not in queues:
        return "No worker for this device: start one, or restart `make run`."
    return ""
