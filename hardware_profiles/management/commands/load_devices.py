"""`manage.py load_devices`: make this host available as a device; safe to repeat."""

from typing import Any

from django.core.management.base import BaseCommand

from hardware_profiles.services import load_default_devices


class Command(BaseCommand):
    help = "Creates the devices of this host if they are missing; changes of users are kept."

    def handle(self, *args: Any, **options: Any) -> None:
        for slug, outcome in load_default_devices().items():
            if options["verbosity"] > 1 or outcome != "unchanged":
                self.stdout.write(f"device {slug}: {outcome}")
