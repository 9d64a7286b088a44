"""The client's own file: server, token, and what to measure with. Only its owner may read it."""

import json
import os
import secrets
from pathlib import Path

from pydantic import ConfigDict, Field, ValidationError

from nasweb_agent.errors import SettingsError
from search_engine.config import Config

VARIABLE = "NASWEB_AGENT_FILE"
OTHERS = 0o077


class Settings(Config):
    """Everything `run` needs to know."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    server: str = Field(min_length=1)
    token: str = Field(min_length=1, repr=False)
    name: str = ""
    threads: tuple[int, ...] = Field((1,), min_length=1)
    precisions: tuple[str, ...] = Field(("fp32", "int8"), min_length=1)
    plain_http: bool = False

    @property
    def runtimes(self) -> list[dict[str, object]]:
        """What is announced to the server."""
        return [
            {"runtime": "onnxruntime", "precision": precision, "threads": threads}
            for precision in self.precisions
            for threads in self.threads
        ]


def default_path() -> Path:
    """`$NASWEB_AGENT_FILE`, or a file in the user's folder of settings."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "nasweb-agent" / "agent.json"


def save(settings: Settings, path: Path) -> None:
    """Write the file, at once and for its owner only. SettingsError."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(settings.model_dump_json(indent=1))
        scratch.replace(path)
    except OSError as error:
        raise SettingsError(f"Cannot write {path}: {error.strerror}.") from error
    finally:
        scratch.unlink(missing_ok=True)


def load(path: Path) -> Settings:
    """Read the file.

    Raises:
        SettingsError: it is not there, not ours alone, or not what `register` writes.
    """
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read()
    except FileNotFoundError:
        raise SettingsError(
            f"There is no {path}. Register this machine first: nasweb-agent register --help"
        ) from None
    except OSError as error:
        raise SettingsError(f"Cannot read {path}: {error.strerror}.") from error
    if mode & OTHERS:
        raise SettingsError(f"{path} holds a token and is open to others. Run: chmod 600 {path}")
    try:
        return Settings.model_validate(json.loads(content))
    except (ValueError, ValidationError) as error:
        raise SettingsError(f"{path} is damaged: {error}. Register again.") from error
