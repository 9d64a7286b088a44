"""A registry is an explicit, lazy table: listing imports nothing, resolving imports one file."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, TypeVar

from search_engine.config import Config
from search_engine.errors import UnknownKeyError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """One member of a family.

    Attributes:
        key: stable name in the API, in documents and on disk; also the name of its file.
        label: name for people.
        target: `package.module:Class`.
        summary: one sentence: what it does and when to choose it.
        source: paper or document it implements, empty if it is our own.
        needs: what it requires, as words a page can show (`table:nasbench201`, `gradient`).
    """

    key: str
    label: str
    target: str
    summary: str = ""
    source: str = ""
    needs: tuple[str, ...] = ()


class Registry(Generic[T]):
    """Maps keys to classes.

    Args:
        noun: for messages such as "No search strategy named 'x'".
        entries: the only list of the family's members.
    """

    def __init__(self, noun: str, *entries: Entry) -> None:
        self.noun = noun
        self._entries = {entry.key: entry for entry in entries}
        self._resolved: dict[str, type[T]] = {}
        if len(self._entries) != len(entries):
            raise ValueError(f"Two entries of the {noun} registry share a key.")

    def keys(self) -> list[str]:
        """Keys in the order of the table."""
        return list(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def entry(self, key: str) -> Entry:
        """The entry of a key.

        Raises:
            UnknownKeyError: no such key; the message lists those that exist.
        """
        try:
            return self._entries[key]
        except (KeyError, TypeError):
            known = ", ".join(self._entries)
            raise UnknownKeyError(f"No {self.noun} named {key!r:.80}. Known: {known}.") from None

    def resolve(self, key: str) -> type[T]:
        """Import and return the class of a key."""
        entry = self.entry(key)
        if entry.key not in self._resolved:
            module, _, name = entry.target.partition(":")
            self._resolved[entry.key] = getattr(import_module(module), name)
        return self._resolved[entry.key]

    def config_class(self, key: str) -> type[Config]:
        """The settings schema of a member; a class without `config_class` takes no settings."""
        return getattr(self.resolve(key), "config_class", Config)

    def parse_config(self, key: str, data: dict[str, Any]) -> Config:
        """Check settings for one member.

        Raises:
            UnknownKeyError, ConfigError
        """
        return self.config_class(key).parse(data)
