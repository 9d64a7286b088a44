"""`manage.py import_tfnas_lut tfnas_block_lut.csv.gz`: TF-NAS block tables as devices."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hardware_profiles.management.import_command import ImportCommand
from hardware_profiles.tables.sources import tfnas
from hardware_profiles.tables.sources.common import TableDevice


class Command(ImportCommand):
    help = "Imports the block tables of TF-NAS; negative entries are flagged and not used."

    def devices(self, path: Path, only: str, options: dict[str, Any]) -> Iterator[TableDevice]:
        return tfnas.devices(path, only)
