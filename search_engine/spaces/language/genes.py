"""`GeneSpace`: everything about genes that needs no network."""

from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from search_engine.errors import SpaceError
from search_engine.spaces.language.constraints import Constraint, shown
from search_engine.spaces.language.counting import Numbering, random_below
from search_engine.spaces.language.drawing import draw_many
from search_engine.spaces.language.nearest import nearest
from search_engine.spaces.language.scope import Declared, same_scalar
from search_engine.spaces.language.settling import settled
from search_engine.spaces.language.values import Decision
from search_engine.types import Genes, Variable


class GeneSpace:
    """Finite variables, when each is active, and what may not come together.

    Genes are *canonical* when inactive ones are 0, and *allowed* when no constraint is broken.

    Raises:
        SpaceError: the constraints leave nothing, or cannot be counted.
    """

    def __init__(self, declared: Sequence[Declared], constraints: Sequence[Constraint]) -> None:
        self._decisions = tuple(item.decision for item in declared)
        values = _Values(self._decisions)
        self.variables = tuple(_variable(item, values) for item in declared)
        self._conditions = tuple(tuple(item.conditions.items()) for item in declared)
        self._conditional = tuple((i, c) for i, c in enumerate(self._conditions) if c)
        self._cardinalities = tuple(len(item.values) for item in self._decisions)
        self.constraints = tuple(constraints)
        self._numbering = Numbering(
            self._cardinalities,
            [frozenset(items) for items in self._conditions],
            [nogood for constraint in self.constraints for nogood in constraint.nogoods],
        )
        if not self.size:
            raise SpaceError(
                "Together the constraints leave nothing to choose from; relax one of them.",
                "constraints",
            )

    @property
    def size(self) -> int:
        """Number of allowed canonical gene tuples, exact."""
        return self._numbering.size

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Number of choices of each variable."""
        return self._cardinalities

    def active(self, genes: Genes) -> tuple[bool, ...]:
        """Which variables matter under these genes, allowed or not. SpaceError when a gene is not
        one of the choices."""
        self._check(genes)
        return self._active(genes)

    def allows(self, genes: Genes) -> bool:
        """Whether the genes keep to every constraint. SpaceError when a gene is not one of the
        choices."""
        self._check(genes)
        return not self.constraints or self._broken(genes, self._active(genes)) is None

    def canonical(self, genes: Genes) -> Genes:
        """The genes with inactive ones at 0.

        Raises:
            SpaceError: a gene is not one of the choices, or a constraint is broken: names it.
        """
        return self._settled(genes)[0]

    @property
    def conditions(self) -> tuple[tuple[int, tuple[tuple[int, frozenset[int]], ...]], ...]:
        """Variables that are not always active, and what makes each active: all of its pairs of
        another variable and genes of it."""
        return self._conditional

    def canonical_many(self, genes: object) -> NDArray[np.int64]:
        """`canonical` for the rows of an integer matrix, fast. SpaceError says which row."""
        return settled(self, genes)

    def sample(self, rng: Generator) -> Genes:
        """One allowed canonical gene tuple, exactly uniform over all of them."""
        return self._numbering.genes(random_below(self.size, rng))

    def sample_many(self, rng: Generator, count: int) -> NDArray[np.int64]:
        """Independent uniform draws as rows; much faster than `sample`, and not the same ones.

        Chances are exact below 2⁶³ tuples, beyond that rounded to 62 bits per split.
        """
        return draw_many(self._numbering, rng, count)

    def at(self, index: int) -> Genes:
        """The allowed canonical tuple with this number, 0 to size-1: to enumerate a space."""
        return self._numbering.genes(index)

    def repair(
        self,
        genes: Genes,
        rng: Generator | None,
        *,
        keep: Collection[int] = (),
        within: Mapping[int, frozenset[int]] | None = None,
    ) -> Genes | None:
        """The allowed canonical genes that keep the most of what is active under `genes`.

        Args:
            rng: draws uniformly among equally near ones; None takes the first.
            keep: variables, active under `genes`, that stay active and as they are.
            within: values to which variables are limited where they are active; those in `genes`
                are among them.

        Returns:
            None where nothing that is allowed has the kept values.

        Raises:
            SpaceError: a gene is not one of the choices.
        """
        self._check(genes)
        active = self._active(genes)
        if not self.constraints or self._broken(genes, active) is None:
            return _zeroed(genes, active)
        limits = dict(within or {})
        for place in keep:
            for other, values in (*self._conditions[place], (place, frozenset([genes[place]]))):
                limits[other] = limits.get(other, values) & values
        wanted = [gene if on else None for gene, on in zip(genes, active, strict=True)]
        found = nearest(self._numbering, wanted, limits, rng)
        return None if found is None else _zeroed(found, self._active(found))

    def choices(self, genes: Genes) -> dict[str, Any]:
        """Chosen values of the active variables, by name."""
        _, active = self._settled(genes)
        return {
            item.name: item.values[gene]
            for item, gene, on in zip(self._decisions, genes, active, strict=True)
            if on
        }

    def encode(self, choices: Mapping[str, Any]) -> Genes:
        """Canonical genes of chosen values; inactive variables may be missing.

        Raises:
            SpaceError: an unknown variable, a value it does not have, an active one missing, or
                values that a constraint forbids.
        """
        names = {item.name for item in self._decisions}
        if unknown := [name for name in choices if name not in names]:
            raise SpaceError(f"No such variable. Known: {_some(names)}.", str(unknown[0])[:80])
        genes = tuple(
            _gene(item.name, item.values, choices[item.name]) if item.name in choices else 0
            for item in self._decisions
        )
        for item, on in zip(self._decisions, self._active(genes), strict=True):
            if on and item.name not in choices:
                allowed = ", ".join(map(str, item.values))
                raise SpaceError(f"A value is required. Allowed: {allowed}.", item.name)
        return self.canonical(genes)

    def _settled(self, genes: Genes) -> tuple[Genes, tuple[bool, ...]]:
        """Canonical genes and what is active, everything checked."""
        self._check(genes)
        active = self._active(genes)
        if self.constraints:
            broken = self._broken(genes, active)
            if broken is not None:
                raise SpaceError(self._explain(broken, genes), broken.path)
        return _zeroed(genes, active), active

    def _check(self, genes: Genes) -> None:
        if len(genes) != len(self._cardinalities):
            raise SpaceError(
                f"This space has {len(self._cardinalities)} variables, got {len(genes)} genes."
            )
        for i, (gene, count) in enumerate(zip(genes, self._cardinalities, strict=True)):
            if gene.__class__ is not int or not 0 <= gene < count:
                raise SpaceError(
                    f"A gene of this variable is an integer, 0 to {count - 1}, got {gene!r:.80}.",
                    self._decisions[i].name,
                )

    def _active(self, genes: Genes) -> tuple[bool, ...]:
        # Conditions contain those of the variables they name, so values alone decide.
        active = [True] * len(genes)
        for variable, conditions in self._conditional:
            for index, allowed in conditions:
                if genes[index] not in allowed:
                    active[variable] = False
                    break
        return tuple(active)

    def _broken(self, genes: Genes, active: tuple[bool, ...]) -> Constraint | None:
        for constraint in self.constraints:
            if not constraint.holds(genes, active):
                return constraint
        return None

    def _explain(self, broken: Constraint, genes: Genes) -> str:
        named = (self._decisions[index] for index in broken.variables)
        values = ", ".join(
            f"{item.name} = {shown(item.values[genes[item.index]])}" for item in named
        )
        return f"These decisions break the constraint “{broken.text}”: {values}."


class _Values(dict[tuple[int, frozenset[int]], tuple[str, tuple[Any, ...]]]):
    """What a condition says: a decision's name and the values that some of its genes stand for.

    Most conditions are shared by many variables, so each is written out once.
    """

    def __init__(self, decisions: Sequence[Decision]) -> None:
        self._decisions = decisions

    def __missing__(self, condition: tuple[int, frozenset[int]]) -> tuple[str, tuple[Any, ...]]:
        index, genes = condition
        other = self._decisions[index]
        self[condition] = other.name, tuple(other.values[gene] for gene in sorted(genes))
        return self[condition]


def _variable(item: Declared, values: _Values) -> Variable:
    conditions = sorted(item.conditions.items(), key=itemgetter(0))
    active_if = tuple(values[condition] for condition in conditions)
    return Variable(item.decision.name, item.decision.values, active_if)


def _zeroed(genes: Genes, active: tuple[bool, ...]) -> Genes:
    return tuple([gene if on else 0 for gene, on in zip(genes, active, strict=True)])


def _gene(name: str, values: tuple[Any, ...], chosen: object) -> int:
    for gene, value in enumerate(values):
        if same_scalar(value, chosen):
            return gene
    raise SpaceError(f"Allowed: {', '.join(map(str, values))}; got {chosen!r:.80}.", name)


def _some(names: set[str]) -> str:
    shown = sorted(names)[:10]
    return ", ".join(shown) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
