"""What is stored about a device: its measurements by page, its tables, its surroundings."""

from itertools import islice
from typing import Any

from django.core.paginator import Page, Paginator

from experiments.architectures import histogram
from experiments.figures import numbers
from experiments.figures.histogram import histogram_svg
from experiments.figures.svg import as_html
from experiments.formats import age_text
from experiments.pages.device_list import percent
from experiments.pages.device_quality import short_genes, space_label
from hardware_profiles.models import Device, DeviceTable, Measurement
from hardware_profiles.selectors import measurements_of
from hardware_profiles.tables.content import METRIC_UNITS
from hardware_profiles.tables.store import content_of

PAGE_SIZE = 25
FLAGGED_SHOWN = 8
FILTERS = {
    "": ("All", {}),
    "fit": ("Fitted on", {"split": Measurement.Split.FIT, "quarantined": False}),
    "test": ("Kept apart", {"split": Measurement.Split.TEST, "quarantined": False}),
    "quarantined": ("Quarantined", {"quarantined": True}),
}
"""Key -> what the filter is called, and what it keeps."""


DESCRIBED = {
    "peak_fp32_gflops": ("Peak, 32-bit float", "GFLOP/s"),
    "peak_fp16_gflops": ("Peak, 16-bit float", "GFLOP/s"),
    "peak_int8_gops": ("Peak, 8-bit integer", "GOP/s"),
    "mem_bw_gbs": ("Memory bandwidth", "GB/s"),
    "onchip_kib": ("On-chip memory", "KiB"),
    "power_w": ("Power under load", "W"),
    "launch_us": ("To start a kernel", "µs"),
    "clock_ghz": ("Clock", "GHz"),
}
"""Key of a description -> its name and unit."""


def measurements(device: Device, which: str, page: str | None) -> dict[str, Any]:
    """One page of the measurements, newest first."""
    which = which if which in FILTERS else ""
    rows = measurements_of(device)
    chosen = rows.filter(**FILTERS[which][1]).defer("samples", "phases", "environment")
    found: Page[Measurement] = Paginator(chosen, PAGE_SIZE).get_page(page)
    return {
        "page": found,
        "rows": [_measurement(row) for row in found.object_list],
        "which": which,
        "filters": [
            {"key": key, "label": label, "count": rows.filter(**wanted).count()}
            for key, (label, wanted) in FILTERS.items()
        ],
    }


def tables(device: Device) -> list[dict[str, Any]]:
    """Imports, newest first."""
    rows = device.tables.select_related("imported_by").defer("content")
    return [
        {
            "table": row,
            "rows": f"{row.rows:,}",
            "layout": "layers" if row.layout == DeviceTable.Layout.LAYERS else "architectures",
            "space": space_label(row.space) if row.space else "",
            "metric": numbers.metric_label(row.metric),
            "who": row.imported_by.get_username() if row.imported_by else "",
            "age": age_text(row.created_at),
        }
        for row in rows.order_by("metric", "-version")
    ]


def table_values(device: Device) -> list[dict[str, Any]]:
    """What the current tables hold, one per metric: a histogram, notes, and rows not trusted."""
    return [_values(row) for row in device.tables.filter(is_current=True).order_by("metric")]


def surroundings(device: Device) -> list[tuple[str, str]]:
    """Facts about the host: as stored with the device, and as of its newest measurement."""
    spec = device.spec or {}
    newest = device.measurements.order_by("-created_at").values_list("environment").first()
    taken = newest[0] if newest else {}
    during = taken.get("before", {})
    load = during.get("load_average")
    rows = [
        ("Processor", spec.get("cpu_model")),
        ("Architecture", spec.get("architecture")),
        ("Logical cores", spec.get("logical_cores")),
        ("Memory", _memory(spec.get("memory_mib"))),
        ("System", " ".join(filter(None, (spec.get("system"), spec.get("kernel"))))),
        ("Clock", _unit(during.get("frequency_mhz"), "MHz")),
        ("Governor", during.get("governor")),
        ("Temperature", _unit(during.get("temperature_c"), "°C")),
        ("Load before", load and " ".join(f"{value:.2f}" for value in load)),
        ("Reference network", numbers.metric("latency_ms", taken.get("reference_ms"))),
    ]
    rows += [(name, text) for name, text in taken.get("versions", {}).items()]
    return [(name, str(value)) for name, value in rows if value and value != numbers.MISSING]


def described(device: Device) -> list[tuple[str, str]]:
    """The description of a device, with units."""
    rows = []
    for key, value in (device.descriptor or {}).items():
        name, unit = DESCRIBED.get(key, (key.replace("_", " ").capitalize(), ""))
        text = f"{value:,g} {unit}".rstrip() if numbers.is_number(value) else str(value)
        rows.append((name, text))
    return rows


def _values(table: DeviceTable) -> dict[str, Any]:
    content = content_of(table)
    trusted = content.values[content.trusted]
    unit = METRIC_UNITS[table.metric]
    flagged = list(islice(content.flagged_rows(), FLAGGED_SHOWN))
    return {
        "label": numbers.metric_label(table.metric),
        "trusted": f"{len(trusted):,}",
        "flagged": f"{table.flagged:,}" if table.flagged else "",
        "notes": content.notes,
        "picture": as_html(histogram_svg(histogram(trusted.tolist(), unit), table.metric)),
        "samples": [
            {
                "key": content.key_texts[index],
                "value": f"{content.values[index]:g} {unit}",
                "why": ", ".join(why),
            }
            for index, why in flagged
        ],
    }


def _measurement(row: Measurement) -> dict[str, Any]:
    cv = row.spread.get("cv")
    text = numbers.metric(row.metric, row.value)
    return {
        "row": row,
        "name": short_genes(row.genes) if row.genes else row.network_hash[:10],
        "genes": ",".join(map(str, row.genes)),
        "space": space_label(row.space) if row.space else "",
        "text": numbers.with_origin(text, row.origin),
        "metric": numbers.metric_label(row.metric),
        "cv": percent(100 * cv) if numbers.is_number(cv) else numbers.MISSING,
        "age": age_text(row.created_at),
        "why": row.note or ("Spread above 10 %." if row.quarantined else ""),
    }


def _memory(mib: Any) -> str:
    return f"{mib / 1024:.1f} GiB" if numbers.is_number(mib) else ""


def _unit(value: Any, unit: str) -> str:
    return f"{value:,.0f} {unit}" if numbers.is_number(value) else ""
