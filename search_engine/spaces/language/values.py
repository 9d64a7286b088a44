"""Compiled attribute values: constants, decisions and numbers that follow from the tensor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from search_engine.errors import SpaceError
from search_engine.network import Shape
from search_engine.types import Genes

Tensor = tuple[str, Shape]
"""Name and shape (no batch axis) of what flows between parts."""


class Value(Protocol):
    """Something an attribute is read from.

    Attributes:
        variables: indices of the decisions it depends on.
    """

    @property
    def variables(self) -> tuple[int, ...]: ...

    def resolve(self, genes: Genes, x: Tensor) -> Any:
        """The attribute under these genes for a layer that reads `x`."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A fixed scalar."""

    value: Any
    variables: tuple[int, ...] = ()

    @property
    def values(self) -> tuple[Any, ...]:
        return (self.value,)

    def resolve(self, genes: Genes, x: Tensor) -> Any:
        return self.value


@dataclass(frozen=True, slots=True)
class Decision:
    """The chosen value of one variable."""

    index: int
    name: str
    values: tuple[Any, ...]

    @property
    def variables(self) -> tuple[int, ...]:
        return (self.index,)

    def resolve(self, genes: Genes, x: Tensor) -> Any:
        return self.values[genes[self.index]]

    def where(self, keep: Sequence[bool]) -> tuple[int, frozenset[int]]:
        """The condition that this variable takes one of the values marked True."""
        return self.index, frozenset(i for i, kept in enumerate(keep) if kept)


@dataclass(frozen=True, slots=True)
class TimesChannels:
    """A factor times the arriving channels, to a multiple, never below 90 % of the product.

    Source of the rounding: reference code of Sandler et al., MobileNetV2, CVPR 2018.
    """

    factor: Value
    multiple: int
    path: str

    @property
    def variables(self) -> tuple[int, ...]:
        return self.factor.variables

    def resolve(self, genes: Genes, x: Tensor) -> int:
        factor = self.factor.resolve(genes, x)
        if isinstance(factor, bool) or not isinstance(factor, int | float) or factor <= 0:
            raise SpaceError(f"A factor is a positive number, got {factor!r:.80}.", self.path)
        exact = factor * x[1][0]
        rounded = max(
            self.multiple, int(exact + self.multiple / 2) // self.multiple * self.multiple
        )
        return rounded if rounded >= 0.9 * exact else rounded + self.multiple


@dataclass(frozen=True, slots=True)
class Halving:
    """2 while the longer side of the arriving map exceeds so many pixels, else 1."""

    above: Value
    path: str

    @property
    def variables(self) -> tuple[int, ...]:
        return self.above.variables

    def resolve(self, genes: Genes, x: Tensor) -> int:
        above = self.above.resolve(genes, x)
        if isinstance(above, bool) or not isinstance(above, int | float):
            raise SpaceError(f"A side is a number of pixels, got {above!r:.80}.", self.path)
        return 2 if max(x[1][1:], default=1) > above else 1
