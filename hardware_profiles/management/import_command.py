"""What the `import_...` commands share: arguments, and what they print."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from hardware_profiles.errors import HardwareError
from hardware_profiles.tables.content import TableContent
from hardware_profiles.tables.keys import key_text
from hardware_profiles.tables.sources.common import TableDevice, store

SHOWN = 3


class ImportCommand(BaseCommand):
    """Imports a benchmark file; repeating it changes nothing."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--only", default="*", help="pattern of device slugs, such as '*pi4'")
        parser.add_argument("--dry-run", action="store_true", help="store nothing")

    def devices(self, path: Path, only: str, options: dict[str, Any]) -> Iterator[TableDevice]:
        """Devices that the file describes."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        try:
            with transaction.atomic():
                found = self.devices(options["file"], options["only"], options)
                for outcome in store(found):
                    count += 1
                    self.stdout.write(f"device {outcome.slug}: {outcome.what}")
                    for content in outcome.tables:
                        self._describe(content)
                if options["dry_run"]:
                    transaction.set_rollback(True)
        except HardwareError as error:
            raise CommandError(str(error)) from error
        if not count:
            raise CommandError(f"No device of {options['file']} is named like {options['only']!r}.")
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was stored.")

    def _describe(self, content: TableContent) -> None:
        flagged = list(content.flagged_rows())
        text = f"  {content.metric}: {len(content):,} rows"
        self.stdout.write(f"{text}, {len(flagged):,} not trusted" if flagged else text)
        for index, reasons in flagged[:SHOWN]:
            value = f"{content.values[index]:.6g} {content.unit}"
            self.stdout.write(f"    {key_text(content, index)}: {value}: {', '.join(reasons)}")
        if len(flagged) > SHOWN:
            counts = np.bincount(content.flags[content.flags > 0])
            self.stdout.write(f"    and {counts.sum() - SHOWN:,} more")
        for note in content.notes:
            self.stdout.write(f"    {note}")
