"""Looks numbers up in the current table of a device, many architectures per call."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hardware_profiles.errors import DeviceMetricError, MissingRowError
from hardware_profiles.models import Device, DeviceTable
from hardware_profiles.tables.blocks import block_keys
from hardware_profiles.tables.content import Floats, TableContent, reasons
from hardware_profiles.tables.keys import arch_text
from hardware_profiles.tables.nearest import nearest_genes, nearest_texts
from hardware_profiles.tables.store import content_of, current_tables
from search_engine.costs.units import RuntimeRules, units_of
from search_engine.network import NetworkSpec
from search_engine.protocols import SearchSpace
from search_engine.types import Genes

CACHED = 24
GenesArray = NDArray[np.int64]
Reader = Callable[["GenesArray", SearchSpace], Floats]


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Answers of one table.

    Attributes:
        values: `n` numbers in the metric's unit; nan where there is no usable row.
        table: where they come from.
        genes, space: what was asked.
    """

    values: Floats
    table: DeviceTable
    genes: GenesArray
    space: SearchSpace

    def why(self, index: int) -> str:
        """What is missing for an architecture that has no number, and what is nearest."""
        return _explain(self.table, self.space, tuple(self.genes[index].tolist()))


def look_up_some(
    device: Device,
    space: SearchSpace,
    genes: Sequence[Genes] | GenesArray,
    metric: str = "latency_ms",
) -> LookedUp:
    """Numbers of as many architectures as the table knows.

    Args:
        genes: `n x v`, canonical.

    Raises:
        DeviceMetricError: the device has no table of this metric, or of another space or image
            size.
    """
    table = table_for(device, space, metric)
    rows = np.asarray(genes, dtype=np.int64).reshape(-1, len(space.variables))
    return LookedUp(_reader(str(table.pk))(rows, space), table, rows, space)


def look_up(
    device: Device,
    space: SearchSpace,
    genes: Sequence[Genes] | GenesArray,
    metric: str = "latency_ms",
) -> Floats:
    """As `look_up_some`, `n` numbers, but every architecture must have one.

    Raises:
        DeviceMetricError: as `look_up_some`.
        MissingRowError: names what is missing for the first of them, and the nearest rows.
    """
    found = look_up_some(device, space, genes, metric)
    missing = np.flatnonzero(np.isnan(found.values))
    if missing.size:
        more = f" ({missing.size} of {len(found.values)} have no number)"
        raise MissingRowError(found.why(int(missing[0])) + (more if missing.size > 1 else ""))
    return found.values


def table_for(device: Device, space: SearchSpace, metric: str) -> DeviceTable:
    """The current table of a metric, if it is about this space and these images.

    Raises:
        DeviceMetricError: otherwise; says what there is.
    """
    tables = current_tables(device)
    if metric not in tables:
        given = ", ".join(sorted(tables)) or "nothing: no table was imported yet"
        raise DeviceMetricError(f"Device {device.slug} gives no {metric}; it gives {given}.")
    table = tables[metric]
    if table.space and table.space != space.key:
        raise DeviceMetricError(
            f"The table of {device.slug} holds {table.space} only, not {space.key}. "
            "Choose that space or another device."
        )
    shape = content_of(table).input_shape
    if shape and tuple(shape) != tuple(space.input_shape):
        raise DeviceMetricError(
            f"The table of {device.slug} is about inputs of {_sides(shape)}, these networks take "
            f"{_sides(space.input_shape)}. Choose a data set of that size or another device."
        )
    return table


@lru_cache(maxsize=CACHED)
def _reader(key: str) -> Reader:
    """How a table is read, with what it needs for that; an import never changes."""
    content = content_of(DeviceTable(pk=key))
    if content.scheme == "genes":
        return _gene_reader(content)
    if content.scheme == "choices":
        return _choice_reader(content)
    return _text_reader(content)


def _gene_reader(content: TableContent) -> Reader:
    trusted = content.trusted
    keys = np.ascontiguousarray(content.keys[trusted].astype(np.int16))
    places = {row.tobytes(): place for place, row in enumerate(keys)}
    values = np.append(content.values[trusted], np.nan)
    nobody = len(values) - 1

    def read(genes: GenesArray, space: SearchSpace) -> Floats:
        rows = np.ascontiguousarray(genes.astype(np.int16))
        return values[[places.get(row.tobytes(), nobody) for row in rows]]

    return read


def _choice_reader(content: TableContent) -> Reader:
    variables, choices = content.keys[:, 0], content.keys[:, 1]
    table = np.full((int(variables.max()) + 1, int(choices.max()) + 1), np.nan)
    good = content.trusted
    table[variables[good], choices[good]] = content.values[good]

    def read(genes: GenesArray, space: SearchSpace) -> Floats:
        count, width = genes.shape
        whole = np.full((width, max(space.cardinalities)), np.nan)
        rows, columns = min(width, table.shape[0]), min(whole.shape[1], table.shape[1])
        whole[:rows, :columns] = table[:rows, :columns]
        parts = whole[np.arange(width), genes]
        if any(variable.active_if for variable in space.variables):
            active = np.array([space.active(tuple(row)) for row in genes.tolist()], bool)
            parts = np.where(active.reshape(count, width), parts, 0.0)
        return content.base + parts.sum(axis=1)

    return read


def _text_reader(content: TableContent) -> Reader:
    good = content.trusted
    texts = np.array(content.key_texts, object)[good].tolist()
    entries = dict(zip(texts, content.values[good].tolist(), strict=True))

    def read(genes: GenesArray, space: SearchSpace) -> Floats:
        sums = np.empty(len(genes))
        for place, row in enumerate(genes.tolist()):
            parts = layer_keys(content.scheme, space.decode(tuple(row)))
            sums[place] = sum(entries.get(key, np.nan) for key in parts)
        return content.base + sums

    return read


def layer_keys(scheme: str, network: NetworkSpec) -> list[str]:
    """Keys of what a network is made of, in order."""
    if scheme == "blocks":
        return [str(key) for key in block_keys(network)]
    return [unit.key for unit in units_of(network, RuntimeRules())]


def _explain(table: DeviceTable, space: SearchSpace, genes: Genes) -> str:
    """Why a table has no number for genes."""
    content = content_of(table)
    where = f"The table of {table.device.slug}"
    if content.scheme == "genes":
        return f"{where} {_no_architecture(content, space, genes)}"
    known = set(np.array(content.key_texts, object)[content.trusted].tolist())
    if content.scheme == "choices":
        active = space.active(genes)
        pairs = [(v, gene) for v, gene in enumerate(genes) if active[v]]
        lacking = [(v, gene) for v, gene in pairs if f"{v} {gene}" not in known]
        return f"{where} {_no_choice(content, space, lacking[0], len(lacking))}"
    missing = Counter(k for k in layer_keys(content.scheme, space.decode(genes)) if k not in known)
    first = next(iter(missing))
    flagged = _flags_of(content, first)
    nearest = "; ".join(nearest_texts(first, known)) or "none of this kind"
    return (
        f"{where} has no usable row for {len(missing)} layers of this network, first {first}"
        f"{flagged}. Nearest rows: {nearest}."
    )


def _no_architecture(content: TableContent, space: SearchSpace, genes: Genes) -> str:
    text = arch_text(space.key, genes)
    same = np.flatnonzero((content.keys == np.array(genes)).all(axis=1))
    if same.size:
        said = ", ".join(reasons(int(content.flags[same[0]])))
        return f"does not trust its row of {text}: {said}."
    keys = content.keys[content.trusted]
    near = "; ".join(arch_text(space.key, row) for row in nearest_genes(genes, keys))
    return f"has no row for {text}. Nearest rows: {near}."


def _no_choice(content: TableContent, space: SearchSpace, pair: tuple[int, int], count: int) -> str:
    variable = space.variables[pair[0]]
    rows = content.keys[content.trusted]
    others = [str(variable.choices[int(c)]) for v, c in rows.tolist() if v == pair[0]]
    has = f"it has {', '.join(others)}" if others else "it has no row of this layer"
    more = f" (and for {count - 1} more layers)" if count > 1 else ""
    name = f"{variable.name}={variable.choices[pair[1]]}"
    return f"has no usable row for {name}{more}; {has}."


def _flags_of(content: TableContent, key: str) -> str:
    if key not in content.key_texts:
        return ""
    said = ", ".join(reasons(int(content.flags[content.key_texts.index(key)])))
    return f" (its row is not trusted: {said})"


def _sides(shape: Sequence[Any]) -> str:
    return "x".join(map(str, shape))
