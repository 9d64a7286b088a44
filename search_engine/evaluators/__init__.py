"""Ways to score accuracy: one file each; this table is the only list of them."""

from search_engine.protocols import Evaluator
from search_engine.registry import Entry, Registry

EVALUATORS: Registry[Evaluator] = Registry(
    "evaluator",
    Entry(
        "short_training",
        "Short training",
        "search_engine.evaluators.short_training:ShortTraining",
        "Trains every candidate from scratch for a few epochs.",
        needs=("dataset",),
    ),
    Entry(
        "tabular",
        "Benchmark table",
        "search_engine.evaluators.tabular:Tabular",
        "Looks accuracies up in the NAS-Bench-201 table; free, for comparing strategies.",
        "Dong and Yang, ICLR 2020, arXiv 2001.00326",
        needs=("table:nasbench201",),
    ),
)
