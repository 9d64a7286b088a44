"""`manage.py import_singlepath_lut FILE.json`: the table of Single-Path NAS as a device."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hardware_profiles.management.import_command import ImportCommand
from hardware_profiles.tables.sources import single_path
from hardware_profiles.tables.sources.common import TableDevice


class Command(ImportCommand):
    help = "Imports the layer table of Single-Path NAS for a Pixel 1."

    def devices(self, path: Path, only: str, options: dict[str, Any]) -> Iterator[TableDevice]:
        return single_path.devices(path, only)
