"""Exact counting and numbering of the gene tuples of conditional variables."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from numpy.random import Generator

from search_engine.errors import SpaceError

Conditions = frozenset[tuple[int, frozenset[int]]]
Items = dict[int, Conditions]
MAX_STEPS = 100_000
MAX_LEVELS = 200


@dataclass(frozen=True, slots=True)
class Branch:
    """One variable whose value decides which other variables there are.

    Attributes:
        cases: groups of gene values and what is left to decide under any value of the group.
        count: number of gene tuples of this variable and everything below it.
    """

    variable: int
    cases: tuple[tuple[tuple[int, ...], "Independent"], ...]
    count: int


@dataclass(frozen=True, slots=True)
class Independent:
    """Groups of variables that do not influence one another."""

    members: tuple[Branch, ...]
    count: int


class Numbering:
    """A bijection between 0 .. size-1 and the canonical gene tuples.

    Variables that share no condition multiply; a variable that conditions others is split by
    the values that make a difference, and the counts of the cases add. Equal sub-problems are
    solved once, so repeats and nested options cost little.

    Args:
        cardinalities: number of choices per variable.
        conditions: per variable all (variable, gene values) that must hold for it to be active,
            those of the variables it depends on included.

    Raises:
        SpaceError: the conditions are too entangled to be counted within the step limit.
    """

    def __init__(self, cardinalities: Sequence[int], conditions: Sequence[Conditions]) -> None:
        self._cardinalities = cardinalities
        self._memory: dict[frozenset[tuple[int, Conditions]], Branch] = {}
        self._steps = 0
        self._root = self._independent(dict(enumerate(conditions)), 0)
        self._memory.clear()

    @property
    def size(self) -> int:
        """Number of canonical gene tuples."""
        return self._root.count

    def genes(self, index: int) -> tuple[int, ...]:
        """The canonical gene tuple with this number.

        Raises:
            SpaceError: the number is outside 0 .. size-1.
        """
        if not 0 <= index < self.size:
            raise SpaceError(f"Numbers of architectures are 0 to {self.size - 1}, got {index}.")
        genes = [0] * len(self._cardinalities)
        _fill(self._root, index, genes)
        return tuple(genes)

    def _independent(self, items: Items, level: int) -> Independent:
        members = tuple(self._branch(group, level) for group in _components(items))
        return Independent(members, prod(member.count for member in members))

    def _branch(self, items: Items, level: int) -> Branch:
        key = frozenset(items.items())
        if key not in self._memory:
            self._memory[key] = self._split(items, level)
        return self._memory[key]

    def _split(self, items: Items, level: int) -> Branch:
        self._steps += len(items)
        if self._steps > MAX_STEPS or level > MAX_LEVELS:
            raise SpaceError(
                "The conditions between decisions are too entangled to count the space; "
                "use fewer shared decisions across optional and repeated parts."
            )
        variable = _controller(items)
        cases = []
        for values, rest in _cases(variable, self._cardinalities[variable], items):
            cases.append((values, self._independent(rest, level + 1)))
        return Branch(variable, tuple(cases), sum(len(v) * rest.count for v, rest in cases))


def random_below(limit: int, rng: Generator) -> int:
    """A uniform integer in 0 .. limit-1, also where it exceeds 64 bits."""
    if limit <= 2**63 - 1:
        return int(rng.integers(limit))
    bits = limit.bit_length()
    value = limit
    for _ in range(256):  # a draw is rejected with probability below 1/2
        value = int.from_bytes(rng.bytes((bits + 7) // 8), "big") >> (-bits % 8)
        if value < limit:
            break
    return value % limit


def _components(items: Items) -> list[Items]:
    """Groups of variables that are linked by conditions, in the order of first variables."""
    leader = {variable: variable for variable in items}

    def find(variable: int) -> int:
        while leader[variable] != variable:
            leader[variable] = leader[leader[variable]]
            variable = leader[variable]
        return variable

    for variable, conditions in items.items():
        for other, _ in conditions:
            a, b = sorted((find(variable), find(other)))
            leader[b] = a
    groups: dict[int, Items] = defaultdict(dict)
    for variable, conditions in items.items():
        groups[find(variable)][variable] = conditions
    return list(groups.values())


def _controller(items: Items) -> int:
    """The unconditioned variable that most others depend on."""
    dependents: dict[int, int] = defaultdict(int)
    for conditions in items.values():
        for other, _ in conditions:
            dependents[other] += 1
    free = [variable for variable, conditions in items.items() if not conditions]
    return max(free, key=lambda variable: (dependents[variable], -variable))


def _cases(variable: int, cardinality: int, items: Items) -> list[tuple[tuple[int, ...], Items]]:
    """Group the values of a variable by what they leave active."""
    sets = {s for conditions in items.values() for other, s in conditions if other == variable}
    ordered = sorted(sets, key=sorted)
    groups: dict[tuple[bool, ...], list[int]] = defaultdict(list)
    for value in range(cardinality):
        groups[tuple(value in s for s in ordered)].append(value)
    cases = []
    for truth, values in groups.items():
        holds = dict(zip(ordered, truth, strict=True))
        rest: Items = {}
        for other, conditions in items.items():
            mine = [s for controller, s in conditions if controller == variable]
            if other != variable and all(holds[s] for s in mine):
                rest[other] = frozenset(c for c in conditions if c[0] != variable)
        cases.append((tuple(values), rest))
    return cases


def _fill(group: Independent, index: int, genes: list[int]) -> None:
    for member in group.members:
        index, rest = divmod(index, member.count)
        _choose(member, rest, genes)


def _choose(branch: Branch, index: int, genes: list[int]) -> None:
    for values, rest in branch.cases:
        here = len(values) * rest.count
        if index < here:
            which, index = divmod(index, rest.count)
            genes[branch.variable] = values[which]
            _fill(rest, index, genes)
            return
        index -= here
