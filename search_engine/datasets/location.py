"""Where benchmark files lie (`NASWEB_DATA`) and whether they are the files we know."""

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from search_engine.errors import DatasetError

VARIABLE = "NASWEB_DATA"


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that is used only if its content is the pinned one.

    Attributes:
        path: relative to the folder that `NASWEB_DATA` names.
        size: bytes.
        sha256: of the content, hexadecimal.
    """

    path: str
    size: int
    sha256: str

    def missing(self) -> str:
        """Why the file cannot be used, empty if it can; looks at its size, not at its content."""
        folder = os.environ.get(VARIABLE, "")
        if not folder:
            return f"Set {VARIABLE} to the folder that holds {self.path}."
        path = Path(folder, self.path)
        try:
            size = path.stat().st_size
        except OSError:
            return f"Set {VARIABLE} to the folder that holds {self.path}; {path} does not exist."
        if size != self.size:
            return f"{path} has {size} bytes, expected {self.size}; copy the file again."
        return ""

    def verified(self) -> Path:
        """Absolute path of the file, its content checked once per process and modification time.

        Raises:
            DatasetError: missing, unreadable, or not the expected content.
        """
        if reason := self.missing():
            raise DatasetError(reason)
        path = Path(os.environ[VARIABLE], self.path).resolve()
        actual = _sha256(path, path.stat().st_mtime_ns)
        if actual != self.sha256:
            raise DatasetError(
                f"{path} has SHA-256 {actual}, expected {self.sha256}; "
                "it is damaged or another version: copy the file again."
            )
        return path


@lru_cache(maxsize=64)
def _sha256(path: Path, modified_ns: int) -> str:  # the time is a key of the cache only
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
