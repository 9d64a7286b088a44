"""NASWeb's search engine: hardware-aware architecture search without Django.

>>> from search_engine import Budget, Objective, SearchProblem, load_space, run_search
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search_engine.loading import (
        load_dataset,
        load_evaluator,
        load_space,
        load_strategy,
    )
    from search_engine.loop import run_search
    from search_engine.network import NetworkSpec
    from search_engine.nn.builder import build
    from search_engine.problem import SearchProblem
    from search_engine.types import Budget, Constraint, Objective, Trial

_HOMES = {
    "Budget": "types",
    "Constraint": "types",
    "NetworkSpec": "network",
    "Objective": "types",
    "SearchProblem": "problem",
    "Trial": "types",
    "build": "nn.builder",
    "load_dataset": "loading",
    "load_evaluator": "loading",
    "load_space": "loading",
    "load_strategy": "loading",
    "run_search": "loop",
}
__all__ = [
    "Budget",
    "Constraint",
    "NetworkSpec",
    "Objective",
    "SearchProblem",
    "Trial",
    "build",
    "load_dataset",
    "load_evaluator",
    "load_space",
    "load_strategy",
    "run_search",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `import search_engine` stays instant."""
    if name not in _HOMES:
        raise AttributeError(f"module 'search_engine' has no attribute {name!r}")
    return getattr(import_module(f"search_engine.{_HOMES[name]}"), name)
