"""What all strategies share: is an architecture new and allowed; draw one that is."""

from functools import cached_property

from search_engine.errors import InfeasibleError, SpaceExhaustedError
from search_engine.metrics import METRICS
from search_engine.operators import all_genes, mutate_one_gene
from search_engine.problem import SearchProblem
from search_engine.protocols import Turn
from search_engine.types import Genes

TRIES, RANDOM_TRIES = 1_000, 300
NEARLY_EXHAUSTED = 0.9  # from this share of taken genes on, listing the rest beats drawing


class Fresh:
    """Architectures that were not proposed before and meet the analytic limits."""

    def __init__(self, problem: SearchProblem) -> None:
        self._problem = problem

    def accepts(self, genes: Genes, turn: Turn) -> bool:
        """Whether canonical genes may be proposed."""
        return genes not in turn.taken and self._problem.analytic_violation(genes) == 0

    def draw(self, turn: Turn) -> Genes:
        """Canonical genes that may be proposed, all equally likely.

        Where 300 draws find none because the limits are tight, 700 one-gene steps towards a
        smaller violation follow; what they find is not uniform.

        Raises:
            SpaceExhaustedError: all canonical genes are taken.
            InfeasibleError: 1,000 tries, or all that are left, miss the analytic limits.
        """
        space, taken = self._problem.space, len(turn.taken)
        if taken >= space.size:
            raise SpaceExhaustedError(
                f"All {space.size:,} architectures of {space.label} have been proposed. "
                "Choose a larger space or a smaller budget."
            )
        if space.size - taken <= TRIES or taken >= NEARLY_EXHAUSTED * space.size:
            return self._draw_from_list(turn)
        return self._draw_and_descend(turn)

    def _draw_from_list(self, turn: Turn) -> Genes:
        left = [genes for genes in self._listed if genes not in turn.taken]
        rejected: list[Genes] = []
        while left and len(rejected) < TRIES:
            place = int(turn.rng.integers(len(left)))
            left[place], left[-1] = left[-1], left[place]
            rejected.append(left.pop())
            if self.accepts(rejected[-1], turn):
                return rejected[-1]
        raise InfeasibleError(_explain(self._problem, rejected))

    def _draw_and_descend(self, turn: Turn) -> Genes:
        space, violation = self._problem.space, self._problem.analytic_violation
        closest = space.sample(turn.rng)
        rejected: dict[Genes, None] = {}
        for tries in range(TRIES):
            if tries < RANDOM_TRIES:
                genes = space.sample(turn.rng)
            else:
                genes = mutate_one_gene(closest, space, turn.rng)
            if self.accepts(genes, turn):
                return genes
            if violation(genes) > 0:
                rejected[genes] = None
            if violation(genes) <= violation(closest):
                closest = genes
        raise InfeasibleError(_explain(self._problem, list(rejected)))

    @cached_property
    def _listed(self) -> list[Genes]:
        return list(all_genes(self._problem.space))


def _explain(problem: SearchProblem, rejected: list[Genes]) -> str:
    """Name the limit that the tried architectures miss by most even at their best."""
    limits = problem.analytic_limits
    rows = [problem.analytic_values(genes) for genes in rejected]
    closest = [min((row[i] for row in rows), key=limit.violation) for i, limit in enumerate(limits)]
    missed = [sum(limit.violation(row[i]) > 0 for row in rows) for i, limit in enumerate(limits)]
    gaps = [limit.violation(value) for limit, value in zip(limits, closest, strict=True)]
    tightest = max(range(len(limits)), key=lambda i: (gaps[i], missed[i]))
    limit, unit = limits[tightest], METRICS[limits[tightest].metric].unit
    smallest = min(problem.analytic_violation(genes) for genes in rejected)
    return (
        f"None of {len(rejected):,} architectures of {problem.space.label} that were tried meets "
        f"the limits. Tightest is {limit.metric} {limit.op} {_number(limit.value, unit)}, missed "
        f"by {missed[tightest]:,} of them; the closest has {_number(closest[tightest], unit)}. "
        f"The smallest violation of all limits together is {smallest:.1%}. "
        "Relax this limit or choose another space."
    )


def _number(value: float, unit: str) -> str:
    digits = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{digits} {unit}".rstrip()
