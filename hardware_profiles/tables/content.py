"""What one import holds: keys, numbers and what is wrong with them; stored as one npz."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hardware_profiles.errors import TableError

Scheme = Literal["genes", "choices", "units", "blocks"]
Floats = NDArray[np.float64]

METRIC_UNITS = {"latency_ms": "ms", "energy_mj": "mJ"}
FLAGS = {
    1: "negative",
    2: "zero",
    4: "not finite",
    8: "outlier: far above what its choices add up to elsewhere in the table",
}
NEGATIVE, ZERO, NOT_FINITE, OUTLIER = FLAGS
MAX_CONTENT_BYTES = 64 * 2**20
_ARRAYS = ("keys", "values", "flags", "counts", "variances", "p50")


@dataclass(frozen=True, eq=False)
class TableContent:
    """Numbers of one metric by architecture or by layer.

    Attributes:
        scheme: what a key is. `genes`: of a whole architecture; `choices`: index of a variable of
            the space and of its choice; `units`: text of an execution unit; `blocks`: text of an
            inverted residual. The last three are summed over a network.
        space: slug the keys belong to; empty for units and blocks, which any space may have.
        metric: `latency_ms` or `energy_mj`; values are in its unit.
        keys: `n x v` or `n x 2` integers, or `n` texts.
        values: `n` numbers.
        flags: `n` bit sets of `FLAGS`; a flagged row is kept, shown and never used.
        base: constant of every network, for the summed schemes.
        relative: values are differences to the base, so negative ones are no mistake.
        input_shape: of the images the numbers were taken with; empty if it is not known.
        notes: what is to be known about the table as a whole.
        counts, variances, p50: `n` numbers where the source tells them, else nan.
    """

    scheme: Scheme
    space: str
    metric: str
    keys: NDArray[Any]
    values: Floats
    flags: NDArray[np.uint8]
    base: float = 0.0
    relative: bool = False
    input_shape: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    counts: Floats = field(default_factory=lambda: np.zeros(0))
    variances: Floats = field(default_factory=lambda: np.zeros(0))
    p50: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        for name in ("counts", "variances", "p50"):
            if len(getattr(self, name)) != len(self.values):
                object.__setattr__(self, name, np.full(len(self.values), np.nan))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def unit(self) -> str:
        """`ms` or `mJ`."""
        return METRIC_UNITS[self.metric]

    @property
    def is_text(self) -> bool:
        """Keys are texts."""
        return self.scheme in ("units", "blocks")

    @cached_property
    def key_texts(self) -> list[str]:
        """Keys as text: genes and choices by their numbers."""
        if self.is_text:
            return [str(key) for key in self.keys]
        return [" ".join(map(str, row)) for row in self.keys.tolist()]

    @property
    def trusted(self) -> NDArray[np.bool_]:
        """Rows that are used."""
        return self.flags == 0

    def equals(self, other: "TableContent") -> bool:
        """Nothing differs, provenance aside."""
        return self._meta() == other._meta() and all(
            np.array_equal(getattr(self, name), getattr(other, name), equal_nan=name in _REAL)
            for name in _ARRAYS
        )

    def flagged_rows(self) -> Iterator[tuple[int, list[str]]]:
        """Index and reasons of every flagged row, in order."""
        for index in np.flatnonzero(self.flags).tolist():
            yield index, reasons(int(self.flags[index]))

    def to_bytes(self) -> bytes:
        """An npz without pickled objects."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        if self.is_text:
            arrays["keys"] = np.frombuffer("\n".join(self.key_texts).encode(), np.uint8)
        meta = np.frombuffer(json.dumps(self._meta()).encode(), np.uint8)
        stream = io.BytesIO()
        np.savez_compressed(stream, meta=meta, **arrays)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "TableContent":
        """Read what `to_bytes` wrote. TableError if it is damaged."""
        try:
            with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
                _check_size(archive)
                meta = json.loads(archive["meta"].tobytes())
                arrays = {name: archive[name] for name in _ARRAYS}
        except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
            raise TableError(f"The stored table cannot be read: {error}") from error
        if meta["scheme"] in ("units", "blocks"):
            text = arrays["keys"].tobytes().decode()
            arrays["keys"] = np.array(text.split("\n") if text else [], dtype=np.str_)
        meta["input_shape"], meta["notes"] = tuple(meta["input_shape"]), tuple(meta["notes"])
        return cls(**meta, **arrays)

    def _meta(self) -> dict[str, Any]:
        return {
            "scheme": self.scheme,
            "space": self.space,
            "metric": self.metric,
            "base": self.base,
            "relative": self.relative,
            "input_shape": list(self.input_shape),
            "notes": list(self.notes),
        }


_REAL = ("values", "counts", "variances", "p50")


def reasons(flags: int) -> list[str]:
    """What a bit set of flags says."""
    return [text for bit, text in FLAGS.items() if flags & bit]


def _check_size(archive: Any) -> None:
    size = sum(item.file_size for item in archive.zip.infolist())
    if size > MAX_CONTENT_BYTES:
        raise ValueError(f"it unpacks to {size:,} bytes; at most {MAX_CONTENT_BYTES:,} are read")
