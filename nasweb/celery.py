"""The queue: Celery's app, what each worker process does when it starts, and device queues.

Workers run `--pool solo`: one task at a time, one process each. A worker that consumes the queue
`devices` also serves `device.<slug>` of every active local device, new ones included.
"""

import os
import warnings
from typing import Any

from celery import Celery, bootsteps, signals
from celery.exceptions import SecurityWarning

from nasweb.supervisor.children import ONE_THREAD

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nasweb.settings")
for name, value in ONE_THREAD.items():  # before a numerical library reads them
    os.environ.setdefault(name, value)
warnings.simplefilter("ignore", SecurityWarning)  # of running as root: all messages are JSON

app = Celery("nasweb")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.set_default()  # in every thread, not just in the one that imports this

DEVICES_QUEUE = "devices"
REFRESH_SECONDS = 5.0


def role_of(queues: set[str]) -> str:
    """What people call a worker that consumes these queues."""
    if DEVICES_QUEUE in queues:
        return "device"
    return "evaluate" if "evaluate" in queues else "search"


class DeviceQueues(bootsteps.StartStopStep):
    """Keeps a device worker's queues equal to the active local devices."""

    requires = {"celery.worker.consumer.tasks:Tasks"}

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._entry: Any = None

    def start(self, consumer: Any) -> None:
        """Serve the devices of now, then look again every few seconds."""
        if DEVICES_QUEUE not in _queues(consumer):
            return
        self.refresh(consumer)
        self._entry = consumer.timer.call_repeatedly(REFRESH_SECONDS, self.refresh, (consumer,))

    def stop(self, consumer: Any) -> None:
        """No more looking."""
        if self._entry is not None:
            self._entry.cancel()

    def refresh(self, consumer: Any) -> None:
        """Add queues of new devices, drop those of devices that were disabled."""
        from experiments.workers import register  # noqa: PLC0415 - needs the apps

        wanted = _device_queues()
        current = _queues(consumer) - {DEVICES_QUEUE}
        for name in sorted(wanted - current):
            consumer.add_task_queue(name)
        for name in sorted(current - wanted):
            consumer.cancel_task_queue(name)
        if wanted != current:
            register("device", sorted({DEVICES_QUEUE, *wanted}))


def _queues(consumer: Any) -> set[str]:
    return {queue.name for queue in consumer.task_consumer.queues}


def _device_queues() -> set[str]:
    from hardware_profiles.selectors import active_devices  # noqa: PLC0415 - needs the apps

    return {f"device.{device.slug}" for device in active_devices() if device.kind == "local"}


app.steps["consumer"].add(DeviceQueues)


@signals.worker_ready.connect
def announce(sender: Any, **_: Any) -> None:
    """Appear in the list of living workers."""
    from experiments.workers import register  # noqa: PLC0415 - needs the apps

    queues = _queues(sender)
    register(role_of(queues), sorted(queues))


@signals.worker_shutdown.connect
def withdraw(**_: Any) -> None:
    """Disappear from the list of living workers at once."""
    from experiments.workers import resign  # noqa: PLC0415 - needs the apps

    resign()


@signals.task_prerun.connect
def say_busy(task: Any, args: Any = (), **_: Any) -> None:
    """Show what this worker works on."""
    from experiments.workers import set_current  # noqa: PLC0415 - needs the apps

    set_current(f"{task.name} {' '.join(map(str, args))}"[:200].strip())


@signals.task_postrun.connect
def say_idle(**_: Any) -> None:
    """Show that this worker waits."""
    from experiments.workers import set_current  # noqa: PLC0415 - needs the apps

    set_current("")
