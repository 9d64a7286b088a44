"""`manage.py import_nb201_hw nb201_hw.npz`: NAS-Bench-201 latencies and energies as devices."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hardware_profiles.management.import_command import ImportCommand
from hardware_profiles.tables.sources import nb201
from hardware_profiles.tables.sources.common import TableDevice


class Command(ImportCommand):
    help = "Imports latencies and energies of all NAS-Bench-201 cells, one device per column."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--cells", type=Path, help="nb201_bench.npz; default: beside the file that is imported"
        )

    def devices(self, path: Path, only: str, options: dict[str, Any]) -> Iterator[TableDevice]:
        return nb201.devices(path, only, options["cells"])
