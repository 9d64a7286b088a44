"""`manage.py import_ofa ofa_latency_5000.npz`: OFA latencies as devices."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hardware_profiles.management.import_command import ImportCommand
from hardware_profiles.tables.sources import ofa
from hardware_profiles.tables.sources.common import TableDevice


class Command(ImportCommand):
    help = "Imports the 5,000 OFA-MobileNetV3 sub-networks, one device per column."

    def devices(self, path: Path, only: str, options: dict[str, Any]) -> Iterator[TableDevice]:
        return ofa.devices(path, only)
