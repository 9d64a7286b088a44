"""Where the embedded servers listen: private sockets, at addresses that follow from NASWEB_VAR."""

import hashlib
import os
import tempfile
from pathlib import Path

DATABASE = "nasweb"
_LONGEST_SOCKET_PATH = 100  # the operating system's limit is 104 (macOS) or 108 (Linux) bytes


def socket_folder(folder: Path, socket_name: str) -> Path:
    """`folder` itself, or a short one for it in the temporary folder if its path is too long."""
    if len(os.fsencode(folder / socket_name)) <= _LONGEST_SOCKET_PATH:
        return folder
    mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"nasweb-{os.getuid()}-{mark}"


def postgres_folder(var: Path) -> Path:
    """Data folder of the embedded PostgreSQL."""
    return var / "postgres"


def valkey_folder(var: Path) -> Path:
    """Data folder of the embedded Valkey."""
    return var / "valkey"


def valkey_socket(var: Path) -> Path:
    """Socket of the embedded Valkey."""
    return socket_folder(valkey_folder(var), "valkey.sock") / "valkey.sock"


def database_url(var: Path, database: str = DATABASE) -> str:
    """Address of the embedded PostgreSQL: the socket lies in a folder only we can enter."""
    folder = socket_folder(postgres_folder(var), ".s.PGSQL.5432")
    return f"postgresql://postgres@/{database}?host={folder}"


def redis_url(var: Path) -> str:
    """Address of the embedded Valkey."""
    return f"unix://{valkey_socket(var)}?db=0"
