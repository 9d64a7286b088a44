"""`manage.py import_fbnet fbnet_latency_5000.npz`: FBNet latencies as devices."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hardware_profiles.management.import_command import ImportCommand
from hardware_profiles.tables.sources import fbnet
from hardware_profiles.tables.sources.common import TableDevice


class Command(ImportCommand):
    help = "Imports the 5,000 FBNet architectures, one device per column."

    def devices(self, path: Path, only: str, options: dict[str, Any]) -> Iterator[TableDevice]:
        return fbnet.devices(path, only)
