"""The environment variables that NASWeb reads: names, types, defaults. README.md lists them."""

from pathlib import Path
from typing import Annotated

from django.core.exceptions import ImproperlyConfigured
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Words = Annotated[list[str], NoDecode]


class Environment(BaseSettings):
    """What an operator may set. An empty variable counts as unset."""

    model_config = SettingsConfigDict(env_prefix="NASWEB_", env_ignore_empty=True, frozen=True)

    var: Path = Path(__file__).resolve().parent.parent / "var"
    data: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535, validation_alias="PORT")
    workers: int | None = Field(None, ge=1, le=1024)
    admin_password: str | None = None
    secret_key: str | None = Field(None, min_length=32)
    debug: bool = False
    https: bool = False
    allowed_hosts: Words = []
    trusted_origins: Words = []
    database_url: str | None = Field(None, validation_alias="DATABASE_URL")
    database_pool: int = Field(0, ge=0, le=1000)
    redis_url: str | None = Field(None, validation_alias="REDIS_URL")

    @field_validator("allowed_hosts", "trusted_origins", mode="before")
    @classmethod
    def split_at_commas(cls, value: str | list[str]) -> list[str]:
        """`a.example, b.example` -> two words."""
        words = value.split(",") if isinstance(value, str) else value
        return [word.strip() for word in words if word.strip()]

    @field_validator("var", "data")
    @classmethod
    def absolute(cls, value: Path | None) -> Path | None:
        """Relative folders are relative to where the command was typed."""
        return value and value.expanduser().resolve()


def variable(field: str) -> str:
    """Name of the environment variable behind a field or alias."""
    return field if field.isupper() else f"NASWEB_{field.upper()}"


def read_environment() -> Environment:
    """Read and check all variables at once.

    Raises:
        ImproperlyConfigured: one line per variable that is wrong, with the value it has
            (passwords and keys are not repeated).
    """
    try:
        return Environment()
    except ValidationError as error:
        lines = []
        for item in error.errors(include_url=False):
            name = variable(str(item["loc"][0]))
            secret = any(word in name for word in ("PASSWORD", "SECRET", "URL"))
            lines.append(
                f"{name}: {item['msg']}" + ("." if secret else f", got {item['input']!r}.")
            )
        raise ImproperlyConfigured("Environment variables are wrong. " + " ".join(lines)) from error
