"""Rows of the list of devices: state, setting, quality of the model, what waits."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count

from experiments.figures import numbers
from experiments.formats import age_text
from experiments.models import Job
from experiments.pages.device_state import State, device_state, listened_queues
from hardware_profiles.models import AgentTask, Device, DeviceTable, FittedModel
from hardware_profiles.profiling import with_standing
from hardware_profiles.selectors import all_devices

KINDS = {
    "local": "This host",
    "agent": "Agents",
    "table": "Tables",
    "analytic": "Descriptions",
}
"""Kind -> what the list calls it, in its order."""


@dataclass(frozen=True)
class Row:
    """One device as the list shows it."""

    device: Device
    state: State
    setting: str
    quality: list[dict[str, str]]
    numbers_from: str
    measured: str
    waiting: int

    @property
    def kind_label(self) -> str:
        """The part of the list it stands in."""
        return KINDS[self.device.kind]


def list_rows(kind: str, text: str) -> list[Row]:
    """Devices of a kind (empty: of all) whose name, slug or runtime holds every word."""
    devices = [
        d
        for d in with_standing(all_devices()).select_related("agent")
        if not kind or d.kind == kind
    ]
    devices = [d for d in devices if _matches(d, text)]
    order = list(KINDS)
    devices.sort(key=lambda d: (order.index(d.kind), not d.is_active, d.name.lower()))
    queues, waiting = listened_queues(), _waiting()
    models, tables = _models(devices), _tables(devices)
    return [
        Row(
            device=device,
            state=device_state(device, queues),
            setting=setting(device),
            quality=[_quality(model) for model in models[device.pk]],
            numbers_from=tables.get(device.pk, "") or _described(device),
            measured=age_text(device.last_measured_at) if device.last_measured_at else "",
            waiting=waiting.get(device.pk, 0),
        )
        for device in devices
    ]


def kind_counts() -> list[dict[str, Any]]:
    """Number of devices per kind, for the filter."""
    found = dict(Device.objects.order_by().values_list("kind").annotate(n=Count("pk")))
    return [
        {"key": key, "label": label, "count": found.get(key, 0)} for key, label in KINDS.items()
    ]


def setting(device: Device) -> str:
    """What its numbers depend on, in one line."""
    if device.kind == Device.Kind.ANALYTIC:
        return f"from its description · {device.get_precision_display()}"
    if device.kind == Device.Kind.TABLE:
        return "imported numbers"
    threads = f"{device.threads} thread{'s' if device.threads > 1 else ''}"
    parts = [device.get_runtime_display(), device.precision, threads]
    if device.accelerator != Device.Accelerator.CPU:
        parts.insert(1, device.get_accelerator_display())
    if device.batch_size > 1:
        parts.append(f"batch {device.batch_size}")
    return " · ".join(parts)


def percent(value: Any, digits: int = 1) -> str:
    """A figure that is already in percent."""
    return f"{value:.{digits}f} %" if numbers.is_number(value) else numbers.MISSING


def _matches(device: Device, text: str) -> bool:
    agent = device.agent.name if device.agent else ""
    words = f"{device.name} {device.slug} {device.runtime} {device.precision} {agent}".lower()
    return all(word in words for word in text.lower().split())


def _quality(model: FittedModel) -> dict[str, str]:
    errors = model.errors
    return {
        "space": model.space,
        "mape": percent(errors.get("mape")),
        "within": percent(errors.get("within_10pct"), 0),
        "title": f"{model.kind}, version {model.version}: held-out error on "
        f"{errors.get('n', numbers.MISSING)} networks of {model.space}",
    }


def _models(devices: Iterable[Device]) -> dict[int, list[FittedModel]]:
    found: dict[int, list[FittedModel]] = defaultdict(list)
    current = FittedModel.objects.filter(device__in=list(devices), is_current=True)
    for model in current.defer("state", "pairs").order_by("space", "metric"):
        found[model.device_id].append(model)
    return found


def _tables(devices: Iterable[Device]) -> dict[int, str]:
    found = {}
    current = DeviceTable.objects.filter(device__in=list(devices), is_current=True)
    for table in current.defer("content").order_by("metric"):
        unit = "architectures" if table.layout == DeviceTable.Layout.ARCHITECTURES else "layers"
        found.setdefault(table.device_id, f"{table.rows:,} {unit}")
    return found


def _described(device: Device) -> str:
    """Where the numbers of a description come from; empty for other kinds."""
    if device.kind != Device.Kind.ANALYTIC or not device.descriptor:
        return ""
    return f"roofline, figures {device.descriptor.get('status', 'unverified')}"


def _waiting() -> dict[int | UUID, int]:
    """Open tasks of agents and open jobs, by device."""
    counts: dict[int | UUID, int] = defaultdict(int)
    open_tasks = AgentTask.objects.filter(status__in=AgentTask.OPEN)
    open_jobs = Job.objects.filter(status__in=Job.OPEN, device__isnull=False)
    for rows in (open_tasks, open_jobs):
        for device, count in rows.order_by().values_list("device").annotate(n=Count("pk")):
            counts[device] += count
    return counts
