"""`tfnas_block_lut.csv.gz`: inverted residuals of TF-NAS at every width, on a CPU and a GPU.

Hu et al., TF-NAS, ECCV 2020. Some entries are negative, and the GPU was not waited for.
"""

import csv
import io
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from hardware_profiles.errors import TableError
from hardware_profiles.tables.blocks import BlockKey
from hardware_profiles.tables.content import TableContent
from hardware_profiles.tables.flags import judged
from hardware_profiles.tables.sources.common import TableDevice, read_bytes

NAMES = {
    "cpu": ("Intel Xeon Gold 6130 · TF-NAS blocks", 1),
    "gpu": ("NVIDIA Titan RTX · TF-NAS blocks, batch 32", 32),
}
ACTIVATIONS = {"relu": "relu", "swish": "silu"}
INPUT_SHAPE = (3, 224, 224)
NOTES = (
    "A network's blocks are looked up by shape; the constant stands for the stem, the first block "
    "and the head of TF-NAS, other ones are not seen."
)


def devices(path: Path, only: str = "*") -> Iterator[TableDevice]:
    """Devices of the file. TableError if it is not of this form."""
    tables: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader(io.StringIO(read_bytes(path).decode())):
        tables.setdefault(row.get("device", ""), []).append(row)
    for device, rows in tables.items():
        slug = f"tfnas-{device}"
        if not fnmatchcase(slug, only):
            continue
        name, batch = NAMES.get(device, (f"{device} · TF-NAS blocks", 1))
        try:
            content = _blocks(rows)
        except (KeyError, ValueError) as error:
            raise TableError(f"{path} is no block table of TF-NAS: {error!r}") from error
        yield TableDevice(slug, name, (content,), f"{path.name}: {device}", batch, NOTES)


def _blocks(rows: list[dict[str, str]]) -> TableContent:
    blocks = [row for row in rows if row["block"] != "base"]
    (base,) = (float(row["latency_ms"]) for row in rows if row["block"] == "base")
    content = TableContent(
        scheme="blocks",
        space="",
        metric="latency_ms",
        keys=np.array([str(_key(row)) for row in blocks]),
        values=np.array([float(row["latency_ms"]) for row in blocks]),
        flags=np.zeros(len(blocks), np.uint8),
        base=base,
        input_shape=INPUT_SHAPE,
    )
    return judged(content)


def _key(row: dict[str, str]) -> BlockKey:
    names = ("c_in", "c_mid", "c_out", "kernel", "stride", "c_se")
    sizes = [int(row[name]) for name in names]
    return BlockKey(*sizes, ACTIVATIONS[row["act"]], int(row["resolution"]))
