"""`manage.py import_fbnet_lut fbnet_lut_recovered.csv.gz`: FBNet layer tables as devices."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hardware_profiles.management.import_command import ImportCommand
from hardware_profiles.tables.sources import fbnet
from hardware_profiles.tables.sources.common import TableDevice


class Command(ImportCommand):
    help = "Imports the FBNet layer tables, one device each."

    def devices(self, path: Path, only: str, options: dict[str, Any]) -> Iterator[TableDevice]:
        return fbnet.layer_devices(path, only)
