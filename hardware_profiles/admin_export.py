"""Measurements as files: CSV for a spreadsheet, JSON with samples and circumstances."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from hardware_profiles.models import Measurement

_COLUMNS = (
    "device", "search_space", "genes", "hash", "metric", "value", "unit", "cv", "n", "status",
    "quarantined", "split", "measured_at",
)  # fmt: skip
_CHUNK = 200


@admin.action(description="Export as CSV")
def export_csv(
    model_admin: Any, request: HttpRequest, rows: QuerySet[Measurement]
) -> StreamingHttpResponse:
    """One row per measurement, without raw samples."""
    return _file(_csv(rows.defer("samples", "phases", "environment")), "text/csv", "csv")


@admin.action(description="Export as JSON, with raw samples")
def export_json(
    model_admin: Any, request: HttpRequest, rows: QuerySet[Measurement]
) -> StreamingHttpResponse:
    """An array of objects with everything needed to judge the numbers."""
    return _file(_json(rows), "application/json", "json")


def _csv(rows: QuerySet[Measurement]) -> Iterator[str]:
    yield _line(_COLUMNS)
    for row in _loaded(rows):
        genes = " ".join(map(str, row.genes))
        yield _line(
            (
                row.device.slug, row.space, genes, row.network_hash, row.metric, row.value,
                row.unit, row.spread.get("cv"), row.n, row.status, row.quarantined, row.split,
                row.created_at.isoformat(),
            )
        )  # fmt: skip


def _json(rows: QuerySet[Measurement]) -> Iterator[str]:
    before = "["
    for row in _loaded(rows):
        facts = {
            **row.raw,
            "device": row.device.slug,
            "search_space": row.space,
            "genes": row.genes,
            "status": row.status,
            "measured_at": row.created_at.isoformat(),
        }
        yield before + json.dumps(facts)
        before = ",\n"
    yield "]\n" if before != "[" else "[]\n"


def _loaded(rows: QuerySet[Measurement]) -> Iterator[Measurement]:
    return rows.select_related("device").iterator(chunk_size=_CHUNK)


def _line(values: tuple[Any, ...]) -> str:
    text = StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue()


def _file(content: Iterator[str], kind: str, extension: str) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="measurements.{extension}"'}
    return StreamingHttpResponse(content, content_type=kind, headers=headers)
