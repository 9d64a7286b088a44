"""Files that are there completely or not at all."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_at_once(path: Path) -> Iterator[Path]:
    """Give a scratch path beside `path`; it takes its place when the block ends without an error.

    The old file, if any, stays until then; an error leaves it and removes the scratch file.
    """
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}.partial")
    try:
        yield scratch
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
