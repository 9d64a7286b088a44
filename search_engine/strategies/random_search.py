"""Random search: the baseline every other strategy has to beat."""

from search_engine.config import Config
from search_engine.problem import SearchProblem
from search_engine.protocols import Turn
from search_engine.strategies._fresh import Fresh
from search_engine.types import Genes, Trial


class RandomSearchConfig(Config):
    """Random search has nothing to set."""


class RandomSearch:
    """Draw uniformly from what is left: no repeats, analytic limits respected.

    Source: Li and Talwalkar, UAI 2019, https://arxiv.org/abs/1902.07638
    """

    config_class = RandomSearchConfig

    def __init__(self, problem: SearchProblem, config: RandomSearchConfig) -> None:
        self._fresh = Fresh(problem)

    def ask(self, turn: Turn) -> Genes:
        """Uniform over the canonical genes that may be proposed."""
        return self._fresh.draw(turn)

    def tell(self, trial: Trial) -> None:
        """Random search learns nothing."""
