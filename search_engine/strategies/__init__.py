"""Search strategies: one file each; this table is the only list of them."""

from search_engine.protocols import Strategy
from search_engine.registry import Entry, Registry

STRATEGIES: Registry[Strategy] = Registry(
    "search strategy",
    Entry(
        "nsga2",
        "NSGA-II",
        "search_engine.strategies.nsga2:NSGA2",
        "Evolves a whole Pareto front; the default for two or three objectives.",
        "Deb et al., IEEE TEVC 6(2), 2002, doi:10.1109/4235.996017",
    ),
    Entry(
        "regularized_evolution",
        "Regularized evolution",
        "search_engine.strategies.regularized_evolution:RegularizedEvolution",
        "Mutates tournament winners and retires the oldest; robust with one objective.",
        "Real et al., AAAI 2019, Algorithm 1, arXiv 1802.01548",
    ),
    Entry(
        "random_search",
        "Random search",
        "search_engine.strategies.random_search:RandomSearch",
        "The baseline every other strategy has to beat.",
        "Li and Talwalkar, UAI 2019, arXiv 1902.07638",
    ),
)
