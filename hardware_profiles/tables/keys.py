"""Keys of tables as people write them: official strings of benchmarks, or genes."""

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from hardware_profiles.errors import TableError
from hardware_profiles.tables.content import TableContent
from search_engine.protocols import SearchSpace
from search_engine.spaces import nasbench201
from search_engine.types import Genes

_NB201_SPACES = ("nasbench201", "nasbench201-tiny")


def gene_reader(space: SearchSpace) -> Callable[[str], Genes]:
    """Reads an architecture of a space from its official string or its genes.

    The reader raises SpaceError or TableError with what is wrong.
    """
    sizes = space.cardinalities
    plain = not space.constraints and not any(v.active_if for v in space.variables)

    def read(text: str) -> Genes:
        if space.key in _NB201_SPACES and "~" in text:
            return nasbench201.from_string(text)
        try:
            genes = tuple(int(item) for item in text.replace(",", " ").split())
        except ValueError:
            raise TableError(
                f"Architecture {text!r:.120} is neither a string of the benchmark nor "
                f"{len(sizes)} whole numbers with blanks between them."
            ) from None
        if not plain or len(genes) != len(sizes):
            return space.canonical(genes)
        if any(not 0 <= gene < size for gene, size in zip(genes, sizes, strict=True)):
            return space.canonical(genes)  # it says which one is wrong
        return genes

    return read


def key_text(content: TableContent, index: int, space: SearchSpace | None = None) -> str:
    """A row's key for people: `stem.op=k3_e6` needs the space, else numbers are shown."""
    row: Any = content.keys[index]
    if content.is_text:
        return str(row)
    if content.scheme == "choices" and space is not None:
        variable = space.variables[int(row[0])]
        return f"{variable.name}={variable.choices[int(row[1])]}"
    return arch_text(content.space, row)


def arch_text(space: str, genes: Sequence[int] | NDArray[Any]) -> str:
    """Official string where the benchmark has one, else genes with blanks between them."""
    plain = tuple(int(gene) for gene in genes)
    if space in _NB201_SPACES and len(plain) == len(nasbench201.EDGES):
        return nasbench201.to_string(plain)
    return " ".join(map(str, plain))
