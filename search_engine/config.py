"""Settings of a registry member: a frozen pydantic model that checks and draws the form."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from search_engine.errors import ConfigError


class Config(BaseModel):
    """Base of every `Config`: unknown keys are errors, instances are immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Self:
        """Check plain data against this schema.

        Raises:
            ConfigError: one message per offending field, each repeating the value received.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise ConfigError(_messages(error, sorted(cls.model_fields))) from error


def _messages(error: ValidationError, allowed: list[str]) -> dict[str, list[str]]:
    messages: dict[str, list[str]] = {}
    for item in error.errors(include_url=False):
        path = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            text = f"Unknown setting. Allowed: {', '.join(allowed) or 'none'}."
        elif item["type"] == "missing":
            text = "This setting is required."
        else:
            text = f"{item['msg']}, got {item['input']!r:.80}."
        messages.setdefault(path, []).append(text)
    return messages
