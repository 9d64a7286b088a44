"""`manage.py import_devices devices.csv`: published figures as devices of kind `analytic`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from hardware_profiles.errors import HardwareError
from hardware_profiles.tables.sources.devices_csv import import_devices


class Command(BaseCommand):
    help = "Imports descriptions of devices; how far the figures were checked is kept and shown."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--only", default="*", help="pattern of slugs, such as 'jetson*'")
        parser.add_argument("--dry-run", action="store_true", help="store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                rows = list(import_devices(options["file"], options["only"]))
                if options["dry_run"]:
                    transaction.set_rollback(True)
        except HardwareError as error:
            raise CommandError(str(error)) from error
        if not rows:
            raise CommandError(f"No device of {options['file']} is named like {options['only']!r}.")
        for row in rows:
            self.stdout.write(f"device {row.slug}: {row.what} (figures {row.status})")
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was stored.")
