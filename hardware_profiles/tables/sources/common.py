"""What all benchmark files share: reading them, naming their devices, storing the tables."""

import gzip
import hashlib
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from numpy.typing import NDArray

from hardware_profiles.errors import TableError
from hardware_profiles.models import Device
from hardware_profiles.services import create_device
from hardware_profiles.tables.content import TableContent
from hardware_profiles.tables.flags import judged
from hardware_profiles.tables.store import import_table
from search_engine.loading import load_space
from search_engine.protocols import SearchSpace

MAX_FILE_BYTES = 64 * 2**20
NAMES = {
    "1080ti": "NVIDIA GTX 1080 Ti",
    "2080ti": "NVIDIA RTX 2080 Ti",
    "titanx": "NVIDIA Titan X",
    "titanxp": "NVIDIA Titan Xp",
    "titan-xp": "NVIDIA Titan Xp",
    "v100": "NVIDIA V100",
    "edgegpu": "NVIDIA Jetson TX2",
    "edgetpu": "Google Coral Edge TPU",
    "eyeriss": "Eyeriss (analytical)",
    "fpga": "Xilinx ZC706 FPGA (analytical)",
    "raspi4": "Raspberry Pi 4",
    "pixel2": "Google Pixel 2",
    "pixel3": "Google Pixel 3",
    "samsung-s7": "Samsung Galaxy S7",
    "essential-ph-1": "Essential Phone PH-1",
    "gold-6226": "Intel Xeon Gold 6226",
    "silver-4114": "Intel Xeon Silver 4114",
    "silver-4210r": "Intel Xeon Silver 4210R",
    "i7-7820x-fp32": "Intel Core i7-7820X",
}
_COLUMN = re.compile(
    r"(?:help|hwnb|latbench)_(?:(?P<gpu>1080ti|2080ti|titanx|titan_?xp|v100)_(?P<batch>\d{1,4})"
    r"|(?P<device>.+?))(?:_(?:latency|energy))?_(?P<unit>ms|mj)"
)
_METRICS = {"ms": "latency_ms", "mj": "energy_mj"}


@dataclass(frozen=True, slots=True)
class TableDevice:
    """A device as a benchmark file describes it, with its tables by metric."""

    slug: str
    name: str
    contents: tuple[TableContent, ...]
    source: str
    batch_size: int = 1
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a device: `created`, `new numbers`, `unchanged`."""

    slug: str
    what: str
    tables: tuple[TableContent, ...] = field(default_factory=tuple)


def read_bytes(path: Path) -> bytes:
    """A file, unpacked if its name ends with `.gz`. TableError if it cannot be read."""
    try:
        if path.suffix != ".gz":
            raw = path.read_bytes()
        else:
            with gzip.open(path) as stream:
                raw = stream.read(MAX_FILE_BYTES + 1)
    except (OSError, EOFError) as error:
        raise TableError(f"{path} cannot be read: {error}") from error
    if len(raw) > MAX_FILE_BYTES:
        raise TableError(f"{path} unpacks to more than {MAX_FILE_BYTES:,} bytes.")
    return raw


def read_npz(path: Path, needed: Iterable[str] = ()) -> dict[str, NDArray[Any]]:
    """Arrays of an npz without pickled objects. TableError: unreadable, or one is missing."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            size = sum(item.file_size for item in archive.zip.infolist())
            if size > MAX_FILE_BYTES:
                raise ValueError(f"it unpacks to {size:,} bytes, at most {MAX_FILE_BYTES:,}")
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, EOFError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise TableError(f"{path} cannot be read as npz: {error}") from error
    if lacking := [name for name in needed if name not in arrays]:
        raise TableError(f"{path} has no array {', '.join(lacking)}; it has {', '.join(arrays)}.")
    return arrays


def column_devices(
    arrays: Mapping[str, NDArray[Any]],
    genes: NDArray[Any],
    *,
    space: str,
    prefix: str,
    path: Path,
    only: str = "*",
    notes: Mapping[str, str] | None = None,
) -> Iterator[TableDevice]:
    """One device per column of latencies, with its column of energies if there is one.

    Args:
        genes: `n x v`, the rows' architectures.
        only: pattern of slugs; the others are not even judged.
        notes: what is to be said about a column, by its name.
    """
    loaded, label = load_space(space), path.name
    columns: dict[tuple[str, int], list[tuple[str, str]]] = {}
    for column in arrays:
        if found := _COLUMN.fullmatch(column):
            device = found["gpu"] or found["device"]
            key = (device.replace("_", "-"), int(found["batch"] or 1))
            columns.setdefault(key, []).append((_METRICS[found["unit"]], column))
    batched = {device for device, batch in columns if batch > 1}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    for (device, batch), named in columns.items():
        suffix = f"-b{batch}" if device in batched else ""
        slug = f"{prefix}-{device}{suffix}"
        if not fnmatchcase(slug, only):
            continue
        yield TableDevice(
            slug=slug,
            name=f"{NAMES.get(device, device)} · {loaded.label}{_batch_text(batch)}",
            contents=tuple(
                architectures(
                    loaded,
                    genes,
                    arrays[column],
                    metric,
                    note=(notes or {}).get(column, ""),
                )
                for metric, column in sorted(named, reverse=True)
            ),
            source=f"{label} (sha256 {digest}…): {', '.join(c for _, c in named)}",
            batch_size=batch,
        )


def architectures(
    space: SearchSpace,
    genes: NDArray[Any],
    values: NDArray[Any],
    metric: str,
    note: str = "",
) -> TableContent:
    """A judged whole-architecture table; rows without a number are left out."""
    known = ~np.isnan(values)
    content = TableContent(
        scheme="genes",
        space=space.key,
        metric=metric,
        keys=genes[known].astype(np.int32),
        values=values[known].astype(np.float64),
        flags=np.zeros(int(known.sum()), np.uint8),
        input_shape=space.input_shape,
        notes=(note,) if note else (),
    )
    return judged(content, space)


def store(devices: Iterable[TableDevice], by: AbstractBaseUser | None = None) -> Iterator[Outcome]:
    """Create the devices that are missing and import their tables; nothing twice."""
    for item in devices:
        yield _store(item, by)


@transaction.atomic
def _store(item: TableDevice, by: AbstractBaseUser | None) -> Outcome:
    device = Device.objects.filter(slug=item.slug).first()
    created = device is None
    if device is None:
        device = create_device(
            slug=item.slug,
            name=item.name,
            kind=Device.Kind.TABLE,
            batch_size=item.batch_size,
            notes=item.notes,
        )
    results = [
        import_table(device=device, content=content, source=item.source, by=by)
        for content in item.contents
    ]
    is_new = any(new for _, new in results)
    what = "created" if created else "new numbers" if is_new else "unchanged"
    return Outcome(item.slug, what, item.contents)


def _batch_text(batch: int) -> str:
    return "" if batch == 1 else f", batch {batch}"
