"""A compiled network as a row of pieces, each shaped by few decisions: what tables are made of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from math import prod
from typing import Any

from search_engine.spaces.language.emission import Cached, Part
from search_engine.spaces.language.parts import Alternatives, Boxed, Chain, Copies
from search_engine.spaces.language.values import Constant, Decision

Condition = tuple[int, frozenset[int]]
FEW = 64
_NAMES = frozenset({"id", "block", "path", "label", "kind", "stage", "named", "decisions", "pick"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A part that reads only the tensor that the pieces before it leave.

    Attributes:
        present: it is there when each of these variables has one of these genes.
        likeness: equal for pieces that make the same layers of the same tensor, names apart.
    """

    part: Part
    present: tuple[Condition, ...]
    likeness: str

    @property
    def variables(self) -> tuple[int, ...]:
        """Decisions that shape it, ascending."""
        return self.part.variables


def pieces_of(
    part: Part, counts: Sequence[int], present: tuple[Condition, ...] = ()
) -> Iterator[Piece]:
    """The pieces of a part in order: cut until a piece has few variants or cannot be cut.

    Args:
        counts: number of choices of each variable.
    """
    bare = _bare(part)
    if prod(counts[index] for index in bare.variables) <= FEW:
        yield Piece(part, present, _likeness(bare))
        return
    match bare:
        case Chain():
            for member in bare.members:
                yield from pieces_of(member, counts, present)
        case Copies():
            for number, member in enumerate(bare.members):
                there = [times > number for times in bare.times.values]
                yield from _under(member, bare.times, there, counts, present)
        case Alternatives():
            for value, alternative in bare.members.items():
                if alternative is not None:
                    there = [bool(same == value) for same in bare.decision.values]
                    yield from _under(alternative, bare.decision, there, counts, present)
        case Boxed() if isinstance(_bare(bare.member), Chain | Copies | Alternatives):
            yield from pieces_of(bare.member, counts, present)
        case _:
            yield Piece(part, present, _likeness(bare))


def _under(
    part: Part,
    decision: Constant | Decision,
    there: list[bool],
    counts: Sequence[int],
    present: tuple[Condition, ...],
) -> Iterator[Piece]:
    if isinstance(decision, Constant):
        if there[0]:
            yield from pieces_of(part, counts, present)
    elif any(there):
        yield from pieces_of(part, counts, (*present, decision.where(there)))


def _bare(part: Part) -> Part:
    return _bare(part.part) if isinstance(part, Cached) else part


def _likeness(thing: Any) -> str:
    """Structure without names. Values are told apart by type: 4 and 4.0 need not be alike."""
    if isinstance(thing, Cached):
        return _likeness(thing.part)
    if is_dataclass(thing):
        inner = (
            f"{field.name}={_likeness(getattr(thing, field.name))}"
            for field in fields(thing)
            if field.name not in _NAMES and not field.name.startswith("_")
        )
        return f"{type(thing).__name__}({','.join(inner)})"
    if isinstance(thing, Mapping):
        return f"{{{','.join(f'{key!r}:{_likeness(value)}' for key, value in thing.items())}}}"
    if isinstance(thing, tuple | list):
        return f"[{','.join(map(_likeness, thing))}]"
    return repr(thing)
