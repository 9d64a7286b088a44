"""The key that signs sessions: from the environment, else made once and kept in the data folder."""

import os
import secrets
from pathlib import Path


def load_or_create(var: Path) -> str:
    """Read `var/secret_key`, or write a new one that only this user can read."""
    file = var / "secret_key"
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        pass
    var.mkdir(parents=True, exist_ok=True)
    draft = var / f".secret_key.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(secrets.token_urlsafe(50) + "\n")
    try:
        os.link(draft, file)  # fails if another process was first: then its key is the key
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return file.read_text().strip()
