"""One supervisor per data folder, one program per port: checked before anything starts."""

import fcntl
import os
import socket
from pathlib import Path
from typing import IO


class Busy(Exception):  # noqa: N818 - a state of the world, told to a person
    """Somebody else has what we need; the message says who and what to do."""


def lock_folder(var: Path) -> IO[str]:
    """Claim a data folder until the returned file is closed or this process ends.

    Raises:
        Busy: another supervisor holds it.
    """
    try:
        var.mkdir(parents=True, exist_ok=True)
        file = (var / "up.lock").open("a+")
    except OSError as error:
        raise Busy(f"Cannot write to {var}: {error.strerror}. Set NASWEB_VAR.") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise Busy(
            f"NASWeb is running on {var} already (process {owner}). "
            "Stop it, or set NASWEB_VAR to another folder and PORT to another port."
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def check_port(host: str, port: int) -> None:
    """Find out whether we could listen here.

    Raises:
        Busy: no.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Busy(
                f"Cannot listen on {host} port {port}: {error.strerror}. "
                "Choose another port, for example: PORT=8001 make run"
            ) from error
