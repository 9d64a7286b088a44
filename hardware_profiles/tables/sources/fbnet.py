"""FBNet for 32x32 pixels: `fbnet_latency_5000.npz` and the recovered layer tables.

HELP (Lee et al., NeurIPS 2021) and HW-NAS-Bench (Li et al., ICLR 2021).
"""

import csv
import io
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from hardware_profiles.errors import TableError
from hardware_profiles.tables.content import TableContent
from hardware_profiles.tables.flags import judged
from hardware_profiles.tables.sources.common import (
    NAMES,
    TableDevice,
    column_devices,
    read_bytes,
    read_npz,
)
from search_engine.loading import load_space

SPACE = "fbnet-cifar"


def devices(path: Path, only: str = "*") -> Iterator[TableDevice]:
    """Devices of the file of 5,000 architectures. TableError if it is not of this form."""
    arrays = read_npz(path, ["ops", "block_names"])
    blocks = load_space(SPACE).variables[0].choices
    if tuple(arrays["block_names"].tolist()) != blocks:
        raise TableError(
            f"{path} numbers its blocks {', '.join(arrays['block_names'].tolist())}; "
            f"the search space {SPACE} has {', '.join(blocks)}."
        )
    yield from column_devices(
        arrays, arrays["ops"], space=SPACE, prefix="fbnet", path=path, only=only
    )


def layer_devices(path: Path, only: str = "*") -> Iterator[TableDevice]:
    """Devices of the recovered layer tables: a constant plus differences per layer and block."""
    tables: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader(io.StringIO(read_bytes(path).decode())):
        tables.setdefault(row.get("device", ""), []).append(row)
    for device, rows in tables.items():
        slug = f"fbnet-lut-{device}"
        if not fnmatchcase(slug, only):
            continue
        try:
            content = _layers(rows)
        except (KeyError, ValueError) as error:
            raise TableError(f"{path} is no FBNet layer table: {error}") from error
        yield TableDevice(
            slug=slug,
            name=f"{NAMES.get(device, device)} · FBNet layers",
            contents=(content,),
            source=f"{path.name}: {device}",
            notes="Differences to a network of first blocks: only sums are times.",
        )


def _layers(rows: list[dict[str, str]]) -> TableContent:
    space = load_space(SPACE)
    bases = {float(row["base_ms"]) for row in rows}
    if len(bases) != 1:
        raise ValueError(f"the constant of all rows must be one, got {sorted(bases)[:3]}")
    content = TableContent(
        scheme="choices",
        space=SPACE,
        metric="latency_ms",
        keys=np.array([[int(row["layer"]), int(row["op_index"])] for row in rows], np.int32),
        values=np.array([float(row["delta_ms"]) for row in rows]),
        flags=np.zeros(len(rows), np.uint8),
        base=bases.pop(),
        relative=True,
        input_shape=space.input_shape,
    )
    return judged(content, space)
