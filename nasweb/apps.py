"""Registers the wiring as an app, so that its command `up` and its checks are found."""

from django.apps import AppConfig


class NaswebConfig(AppConfig):
    """Django's handle on the wiring."""

    name = "nasweb"

    def ready(self) -> None:
        """Make the Celery app the one that tasks bind to, and register the system checks."""
        from nasweb import celery, checks  # noqa: F401, PLC0415 - both register on import
