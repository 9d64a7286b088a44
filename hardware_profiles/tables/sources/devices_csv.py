"""`devices.csv`: published figures of devices, as devices of kind `analytic`."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from django.db import transaction

from hardware_profiles.descriptors import PEAKS, checked_descriptor, usable_precision
from hardware_profiles.errors import TableError
from hardware_profiles.models import Device
from hardware_profiles.services import create_device, update_device
from hardware_profiles.tables.csv_rows import read_csv
from hardware_profiles.tables.sources.common import read_bytes
from search_engine.errors import ConfigError

NUMBERS = frozenset(PEAKS.values()) | {"mem_bw_gbs", "onchip_kib", "power_w", "clock_ghz"}
NEEDED = ("id", "name", "status")


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a row: `created`, `updated`, `unchanged`, or why it is skipped."""

    slug: str
    what: str
    status: str


def import_devices(path: Path, only: str = "*") -> Iterator[Imported]:
    """Create or update a device per row; figures keep saying how far they were checked.

    Raises:
        TableError: the file is no list of devices.
    """
    rows = read_csv(read_bytes(path))
    if lacking := [name for name in NEEDED if name not in rows.columns]:
        raise TableError(f"{path} has no column {', '.join(lacking)}; it is no list of devices.")
    for line, cells in rows.rows:
        if len(cells) != len(rows.columns):
            raise TableError(f"{path}, line {line}: {len(cells)} cells, {len(rows.columns)} named.")
        data = dict(zip(rows.columns, cells, strict=True))
        slug = data["id"].lower().replace("_", "-")
        if fnmatchcase(slug, only):
            yield Imported(slug, _store(slug, _typed(data, line)), data["status"])


def _typed(data: dict[str, str], line: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, text in data.items():
        if not text:
            continue
        try:
            found[name] = float(text) if name in NUMBERS else text
        except ValueError:
            raise TableError(f"Line {line}: {name} is {text!r:.40}, expected a number.") from None
    return found


@transaction.atomic
def _store(slug: str, data: dict[str, Any]) -> str:
    device = Device.objects.filter(slug=slug).first()
    if device is not None and device.kind != Device.Kind.ANALYTIC:
        return f"skipped: a device of kind {device.kind} has this name"
    precision = device.precision if device is not None else usable_precision(data)
    if not precision:
        return f"skipped: no peak compute is known ({', '.join(sorted(set(PEAKS.values())))})"
    try:
        descriptor = checked_descriptor(data, precision)
    except ConfigError as error:
        return f"skipped: {error}"
    if device is None:
        create_device(
            slug=slug,
            name=data["name"],
            kind=Device.Kind.ANALYTIC,
            precision=precision,
            descriptor=descriptor,
        )
        return "created"
    if device.descriptor == descriptor:
        return "unchanged"
    update_device(device=device, changes={"descriptor": descriptor})
    return "updated"
