"""Request bodies: JSON, and YAML for experiment documents; always one object of plain values."""

import json
import math
from collections.abc import Iterator
from typing import Any

import yaml
from django.conf import settings
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.parsers import BaseParser

MAX_DEPTH = 32
PLAIN = (str, int, float, dict, list, type(None))
MAX_INTEGER = 2**63 - 1
MAX_VALUES = 50_000
MAX_YAML_BYTES = 256 * 1024


class BodyTooLarge(APIException):
    """More bytes than a body may have."""

    status_code = 413
    default_code = "too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit:,} bytes, the most that is allowed here.")


class PlainParser(BaseParser):
    """What both formats share: a size limit, and no value that would break a database."""

    @property
    def limit(self) -> int:
        """Bytes."""
        return settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, Any]:
        """The object in the body.

        Raises:
            BodyTooLarge: 413.
            ParseError: 400; not the format, or not one object.
            ValidationError: 400; a value that no field could take, with its path.
        """
        raw = stream.read(self.limit + 1)
        if len(raw) > self.limit:
            raise BodyTooLarge(self.limit)
        try:
            data = self.load(raw.decode("utf-8-sig"))
        except RecursionError:
            raise ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.") from None
        except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
            raise ParseError(f"The body is not valid {self.name}: {str(error)[:200]}") from None
        if not isinstance(data, dict):
            raise ParseError(f"Expected an object, got {_kind(data)}.")
        check_plain(data)
        return data

    name: str

    def load(self, text: str) -> Any:
        """Data of a text; ValueError if it is not in the format."""
        raise NotImplementedError


class StrictJSONParser(PlainParser):
    """JSON without the extensions that Python tolerates: NaN, Infinity, numbers that overflow."""

    name = "JSON"
    media_type = "application/json"

    def load(self, text: str) -> Any:
        """Parse."""
        return json.loads(text, parse_constant=_no_constant, parse_float=_finite)


class YamlParser(PlainParser):
    """YAML as `config.yaml` writes it: no tags, anchors or aliases, dates stay strings."""

    name = "YAML"
    media_type = "application/yaml"

    @property
    def limit(self) -> int:
        """Bytes."""
        return MAX_YAML_BYTES

    def load(self, text: str) -> Any:
        """Parse; an empty text is an empty object."""
        try:
            _check_events(text)
            return yaml.load(text, Loader=_DocumentLoader) if text.strip() else {}  # noqa: S506 - safe
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from None


class TextYamlParser(YamlParser):
    """The name that many clients use."""

    media_type = "text/yaml"


class OldYamlParser(YamlParser):
    """The name from before RFC 9512."""

    media_type = "application/x-yaml"


DOCUMENT_PARSERS = (StrictJSONParser, YamlParser, TextYamlParser, OldYamlParser)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _DocumentLoader(_Loader):
    """Safe; a key appears once, and keys are text."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.YAMLError(f"Keys must be text, got {key!r:.40}.")
            if key in seen:
                raise yaml.YAMLError(f"Key {key!r:.40} appears twice.")
            seen.add(key)
        return super().construct_mapping(node, deep)


_DocumentLoader.yaml_implicit_resolvers = {
    letter: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith(":timestamp")]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _check_events(text: str) -> None:
    """Bound depth and number of values before anything recursive reads the text."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError(f"Aliases are not allowed, line {event.start_mark.line + 1}.")
        if depth > MAX_DEPTH or count > 2 * MAX_VALUES:
            raise yaml.YAMLError(f"At most {MAX_DEPTH} levels and {MAX_VALUES:,} values.")


def check_plain(data: dict[str, Any]) -> None:
    """Refuse values that JSON allows but no field can take: deep nesting, NUL, huge integers.

    Raises:
        ValidationError: with the dotted path of the first such value.
    """
    for path, value in _walk(data):
        if reason := _unusable(value):
            raise ValidationError({".".join(path): reason} if path else reason)


def _walk(data: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    todo: list[tuple[tuple[str, ...], Any]] = [((), data)]
    room = MAX_VALUES
    while todo:
        path, value = todo.pop()
        room -= len(value) if isinstance(value, (dict, list)) else 0
        if room < 0:
            raise ParseError(f"The body holds more than {MAX_VALUES:,} values.")
        if len(path) > MAX_DEPTH:
            raise ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.")
        yield path, value
        if isinstance(value, dict):
            for key, item in value.items():
                yield path, key
                todo.append(((*path, key[:80]), item))
        elif isinstance(value, list):
            todo.extend(((*path, str(place)), item) for place, item in enumerate(value))


def _unusable(value: Any) -> str:
    if isinstance(value, str):
        if "\x00" in value:
            return "Text must not contain the NUL character."
        if not _encodable(value):
            return "Text must not contain half of a surrogate pair."
    elif isinstance(value, int) and abs(value) > MAX_INTEGER:
        return f"The integer has {value.bit_length()} bits; at most 63 are allowed."
    elif isinstance(value, float) and not math.isfinite(value):
        return f"Numbers must be finite, got {value}."
    elif not isinstance(value, PLAIN):
        return f"Values are text, numbers, booleans, null, lists and objects, got {_kind(value)}."
    return ""


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON number")


def _kind(value: Any) -> str:
    names = {list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}
    return "null" if value is None else names.get(type(value), type(value).__name__)
