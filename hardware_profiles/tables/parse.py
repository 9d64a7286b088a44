"""CSV rows to tables: every row that cannot be used is named with its line and the reason."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hardware_profiles.errors import TableError
from hardware_profiles.tables.blocks import BlockKey
from hardware_profiles.tables.content import METRIC_UNITS, Scheme, TableContent
from hardware_profiles.tables.csv_rows import CsvRows, read_csv
from hardware_profiles.tables.flags import judged
from hardware_profiles.tables.keys import gene_reader
from search_engine.errors import SearchEngineError
from search_engine.protocols import SearchSpace

UNITS = {
    "ms": ("latency_ms", 1.0),
    "us": ("latency_ms", 1e-3),
    "µs": ("latency_ms", 1e-3),
    "s": ("latency_ms", 1e3),
    "mj": ("energy_mj", 1.0),
    "j": ("energy_mj", 1e3),
}
UNITS_TEXT = "ms, us, s, mJ or J"
MAX_REJECTED = 200
BASE = "base"
OPTIONAL = ("variance", "count", "p50", "metric", "flag")
FORMS = "`arch, value, unit`, `layer, choice, value, unit` or `key, value, unit`"


class _Unusable(Exception):  # noqa: N818 - a verdict on a row, not a fault
    """Why a row is rejected."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that is not imported."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file says.

    Attributes:
        contents: one table per metric, judged; `lines` are those of their rows.
        rejected: the first 200 rows that cannot be used; `rejected_count` are all of them.
    """

    contents: tuple[TableContent, ...]
    lines: tuple[tuple[int, ...], ...]
    rejected: tuple[Rejection, ...]
    rejected_count: int


@dataclass
class _Rows:
    """Rows of one metric while they are read."""

    keys: list[Any] = field(default_factory=list)
    numbers: list[tuple[float, float, float, float]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    seen: dict[Any, int] = field(default_factory=dict)
    base: float = 0.0


def parse_csv(raw: bytes, space: SearchSpace | None = None) -> Parsed:
    """Read a file of numbers.

    Args:
        space: what architectures or layers belong to; not needed for tables of kernels and blocks.

    Raises:
        TableError: the file as a whole cannot be used: its columns, or not one usable row.
    """
    rows = read_csv(raw)
    scheme = _scheme(rows.columns, space)
    read_key = _key_reader(scheme, rows.columns, space)
    value = "delta" if "delta" in rows.columns else "value"
    tables: dict[str, _Rows] = defaultdict(_Rows)
    rejected: list[Rejection] = []
    count = 0
    for line, cells in rows.rows:
        try:
            _read_row(rows, cells, line, value, read_key, tables)
        except (_Unusable, SearchEngineError) as error:
            count += 1
            if len(rejected) < MAX_REJECTED:
                rejected.append(Rejection(line, str(error)))
    if not tables:
        first = f" Line {rejected[0].line}: {rejected[0].reason}" if rejected else ""
        raise TableError(f"The file has no row that can be used.{first}")
    found = {name: table for name, table in tables.items() if table.keys}
    contents = tuple(
        _content(scheme, metric, table, space, relative=value == "delta")
        for metric, table in found.items()
    )
    lines = tuple(tuple(table.lines) for table in found.values())
    return Parsed(contents, lines, tuple(rejected), count)


def _scheme(columns: Sequence[str], space: SearchSpace | None) -> Scheme:
    known = set(columns)
    if "unit" not in known:
        raise TableError(
            f"The file has no column 'unit'; it has {', '.join(columns):.200}. A number without "
            f"its unit cannot be imported: add a column 'unit' with {UNITS_TEXT} in every row."
        )
    if not known & {"value", "delta"}:
        raise TableError(f"The file has no column 'value'. Expected are {FORMS}.")
    if "arch" in known:
        scheme: Scheme = "genes"
    elif {"layer", "choice"} <= known:
        scheme = "choices"
    elif "key" in known:
        return "units"
    else:
        raise TableError(f"Expected columns are {FORMS}; got {', '.join(columns):.200}.")
    if space is None:
        raise TableError("Say which search space the rows belong to.")
    return scheme


def _key_reader(
    scheme: Scheme, columns: Sequence[str], space: SearchSpace | None
) -> Callable[[dict[str, str]], Any]:
    if scheme == "units":
        return lambda row: row["key"]
    assert space is not None
    if scheme == "genes":
        read = gene_reader(space)
        return lambda row: read(row["arch"])
    places = {variable.name: index for index, variable in enumerate(space.variables)}
    return lambda row: _layer_key(row, places, space)


def _layer_key(
    row: dict[str, str], places: dict[str, int], space: SearchSpace
) -> tuple[int, int] | str:
    name, choice = row["layer"], row["choice"]
    if name == BASE:
        return BASE
    if name not in places:
        known = ", ".join(list(places)[:5])
        raise _Unusable(f"No layer {name!r:.80} in {space.key}; its layers are {known}, ...")
    texts = [str(item) for item in space.variables[places[name]].choices]
    if choice not in texts:
        raise _Unusable(f"Layer {name} has no choice {choice!r:.80}; {', '.join(texts):.200}.")
    return places[name], texts.index(choice)


def _read_row(
    rows: CsvRows,
    cells: list[str],
    line: int,
    value_column: str,
    read_key: Callable[[dict[str, str]], Any],
    tables: dict[str, _Rows],
) -> None:
    if len(cells) != len(rows.columns):
        raise _Unusable(f"{len(cells)} cells; the header has {len(rows.columns)}.")
    row = dict(zip(rows.columns, cells, strict=True))
    metric, factor = _unit(row)
    number = _number(row[value_column], rows.decimal_comma, value_column)
    key = read_key(row)
    table = tables[metric]
    if key in table.seen:
        raise _Unusable(f"The same row as line {table.seen[key]}.")
    table.seen[key] = line
    if key == BASE:
        table.base = number * factor
        return
    more = [_optional(row, name, rows.decimal_comma) for name in ("count", "variance", "p50")]
    count, variance, p50 = more
    table.keys.append(key)
    table.numbers.append((number * factor, count, variance * factor**2, p50 * factor))
    table.lines.append(line)


def _unit(row: dict[str, str]) -> tuple[str, float]:
    unit = row["unit"]
    if unit.lower() not in UNITS:
        raise _Unusable(f"Unit {unit!r:.40}: allowed are {UNITS_TEXT}.")
    metric, factor = UNITS[unit.lower()]
    stated = row.get("metric") or metric
    if stated != metric:
        raise _Unusable(f"Metric {stated!r:.40} in {unit}: {unit} is a unit of {metric}.")
    return metric, factor


def _number(text: str, decimal_comma: bool, name: str) -> float:
    """A number; `nan` and `inf` are numbers here, they are flagged and not used."""
    plain = text.replace(",", ".") if decimal_comma else text
    try:
        return float(plain.replace("_", "x"))
    except ValueError:
        what = "is empty" if not text else f"{text!r:.40} is no number"
        raise _Unusable(f"{name}: {what}.") from None


def _optional(row: dict[str, str], name: str, decimal_comma: bool) -> float:
    text = row.get(name, "")
    return _number(text, decimal_comma, name) if text else math.nan


def _content(
    scheme: Scheme, metric: str, table: _Rows, space: SearchSpace | None, *, relative: bool
) -> TableContent:
    if scheme == "units" and str(table.keys[0]).startswith("mbconv("):
        scheme = "blocks"
        for key in table.keys:
            BlockKey.parse(key)
    numbers = np.array(table.numbers, np.float64)
    dtype = np.str_ if scheme in ("units", "blocks") else np.int32
    has_space = scheme in ("genes", "choices") and space is not None
    content = TableContent(
        scheme=scheme,
        space=space.key if has_space and space is not None else "",
        metric=metric,
        keys=np.array(table.keys, dtype=dtype),
        values=numbers[:, 0],
        flags=np.zeros(len(numbers), np.uint8),
        base=table.base,
        relative=relative,
        input_shape=space.input_shape if has_space and space is not None else (),
        counts=numbers[:, 1],
        variances=numbers[:, 2],
        p50=numbers[:, 3],
    )
    return judged(content, space if has_space else None)


def unit_of(metric: str) -> str:
    """Unit in which a metric is stored."""
    return METRIC_UNITS[metric]
