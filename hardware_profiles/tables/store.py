"""Writes and reads of imported tables: every import is a version, and any can be current again."""

import csv
import io
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max

from hardware_profiles.errors import TableError
from hardware_profiles.models import Device, DeviceTable
from hardware_profiles.tables.content import METRIC_UNITS, TableContent, reasons
from hardware_profiles.tables.dry_run import report
from hardware_profiles.tables.keys import arch_text
from hardware_profiles.tables.parse import BASE, Parsed, parse_csv
from search_engine.protocols import SearchSpace

CACHED = 24
MAX_SOURCE = 300
SCHEME_LAYOUTS = {"genes": DeviceTable.Layout.ARCHITECTURES}
METRICS = tuple(METRIC_UNITS)


def current_tables(device: Device) -> dict[str, DeviceTable]:
    """The tables in use, by metric, without their content."""
    rows = device.tables.filter(is_current=True).defer("content")
    return {row.metric: row for row in rows}


def content_of(table: DeviceTable) -> TableContent:
    """A table's numbers; kept in memory, because an import never changes."""
    return _content(str(table.pk))


@lru_cache(maxsize=CACHED)
def _content(key: str) -> TableContent:
    raw = DeviceTable.objects.values_list("content", flat=True).get(pk=key)
    return TableContent.from_bytes(bytes(raw))


def dry_run(device: Device, raw: bytes, space: SearchSpace | None = None) -> dict[str, Any]:
    """What importing a file would change; nothing is written.

    Raises:
        TableError: the file as a whole cannot be used, or the device takes no tables.
    """
    _check_kind(device)
    parsed = parse_csv(raw, space)
    currents = {name: content_of(row) for name, row in current_tables(device).items()}
    return report(parsed, currents, space)


@transaction.atomic
def import_csv(
    *,
    device: Device,
    raw: bytes,
    source: str,
    by: AbstractBaseUser | None = None,
    space: SearchSpace | None = None,
) -> tuple[list[DeviceTable], Parsed]:
    """Store a file's usable rows as new current tables, one per metric.

    Raises:
        TableError: as `dry_run`.
    """
    _check_kind(device)
    parsed = parse_csv(raw, space)
    tables = [
        import_table(device=device, content=content, source=source, by=by)[0]
        for content in parsed.contents
    ]
    return tables, parsed


@transaction.atomic
def import_table(
    *, device: Device, content: TableContent, source: str, by: AbstractBaseUser | None = None
) -> tuple[DeviceTable, bool]:
    """Make a table the current one of its metric; the earlier ones stay as versions.

    Returns:
        The table, and whether it is new: importing the current numbers again changes nothing.

    Raises:
        TableError: it has no usable row, or the device takes no tables.
    """
    _check_kind(device)
    if not content.trusted.any():
        raise TableError(f"None of the {len(content)} rows can be trusted; nothing is imported.")
    Device.objects.select_for_update().get(pk=device.pk)
    mine = device.tables.filter(metric=content.metric)
    current = mine.filter(is_current=True).defer("content").first()
    if current is not None and content_of(current).equals(content):
        return current, False
    mine.filter(is_current=True).update(is_current=False)
    version = (mine.aggregate(last=Max("version"))["last"] or 0) + 1
    table = DeviceTable.objects.create(
        device=device,
        layout=SCHEME_LAYOUTS.get(content.scheme, DeviceTable.Layout.LAYERS),
        space=content.space,
        metric=content.metric,
        version=version,
        base=content.base,
        content=content.to_bytes(),
        rows=len(content),
        flagged=int(np.count_nonzero(content.flags)),
        source=source[:MAX_SOURCE],
        imported_by=by if by is not None and by.is_authenticated else None,
    )
    return table, True


@transaction.atomic
def activate(table: DeviceTable) -> DeviceTable:
    """Use this import again instead of the current one of its metric."""
    Device.objects.select_for_update().get(pk=table.device_id)
    others = DeviceTable.objects.filter(device=table.device_id, metric=table.metric)
    others.filter(is_current=True).exclude(pk=table.pk).update(is_current=False)
    DeviceTable.objects.filter(pk=table.pk).update(is_current=True)
    table.is_current = True
    return table


def table_row(table: DeviceTable) -> dict[str, Any]:
    """An import as API and pages show it."""
    return {
        "id": str(table.pk),
        "layout": table.layout,
        "search_space": table.space,
        "metric": table.metric,
        "unit": METRIC_UNITS[table.metric],
        "version": table.version,
        "is_current": table.is_current,
        "base": table.base,
        "rows": table.rows,
        "flagged": table.flagged,
        "notes": list(content_of(table).notes),
        "source": table.source,
        "imported_by": table.imported_by.get_username() if table.imported_by else None,
        "created_at": table.created_at,
    }


def export_csv(
    tables: list[DeviceTable], space_of: Callable[[str], SearchSpace | None] | None = None
) -> str:
    """CSV that imports to the same tables; of several metrics of one device, one after another.

    Args:
        space_of: gives the search space of a slug, to name layers and choices.

    Raises:
        TableError: tables of different keys cannot stand in one file.
    """
    contents = [content_of(table) for table in tables]
    if len({(c.scheme, c.relative, c.space) for c in contents}) != 1:
        raise TableError("These tables have different keys; export one metric at a time.")
    first = contents[0]
    names = ["arch"] if first.scheme == "genes" else ["key"]
    if first.scheme == "choices":
        names = ["layer", "choice"]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    value = "delta" if first.relative else "value"
    writer.writerow([*names, value, "unit", "metric", "count", "variance", "p50", "flag"])
    space = space_of(first.space) if space_of and first.scheme == "choices" else None
    for content in contents:
        writer.writerows(_csv_rows(content, space, len(names)))
    return stream.getvalue()


def _csv_rows(content: TableContent, space: SearchSpace | None, width: int) -> list[list[Any]]:
    tail = [content.unit, content.metric]
    rows: list[list[Any]] = []
    if content.base:
        rows.append([BASE, *[""] * (width - 1), repr(content.base), *tail, "", "", "", ""])
    more = zip(content.counts, content.variances, content.p50, strict=True)
    for index, (value, facts) in enumerate(zip(content.values.tolist(), more, strict=True)):
        rows.append(
            [
                *_key_cells(content, index, space),
                repr(value),
                *tail,
                *("" if np.isnan(fact) else repr(float(fact)) for fact in facts),
                "; ".join(reasons(int(content.flags[index]))),
            ]
        )
    return rows


def _key_cells(content: TableContent, index: int, space: SearchSpace | None) -> list[str]:
    row = content.keys[index]
    if content.is_text:
        return [str(row)]
    if content.scheme == "genes":
        return [arch_text(content.space, row)]
    if space is None:
        return [str(int(row[0])), str(int(row[1]))]
    variable = space.variables[int(row[0])]
    return [variable.name, str(variable.choices[int(row[1])])]


def _check_kind(device: Device) -> None:
    if device.kind != Device.Kind.TABLE:
        raise TableError(
            f"Device {device.slug!r} is of kind '{device.kind}'; only devices of kind 'table' "
            "take imported numbers. Create one for them."
        )
