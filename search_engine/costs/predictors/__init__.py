"""Cost models that are fitted to a device: one file each; this table is the only list of them."""

from typing import TYPE_CHECKING

from search_engine.registry import Entry, Registry

if TYPE_CHECKING:
    from search_engine.costs.predictors.protocol import Predictor

PREDICTORS: "Registry[Predictor]" = Registry(
    "predictor",
    Entry(
        "lut",
        "Look-up table",
        "search_engine.costs.predictors.lut:Lut",
        "Sum of one entry per execution unit; needs few networks and explains itself.",
        "Cai et al., ProxylessNAS, ICLR 2019, arXiv 1812.00332, section 3.2",
    ),
    Entry(
        "roofline",
        "Roofline",
        "search_engine.costs.predictors.roofline:Roofline",
        "The longer of arithmetic and traffic per unit; needs a description of the device.",
        "Williams, Waterman, Patterson, CACM 52(4), 2009",
    ),
    Entry(
        "kernel",
        "Kernel functions",
        "search_engine.costs.predictors.kernel:KernelPredictor",
        "Time per execution unit as a smooth function of its family and shape.",
        "Zhang et al., nn-Meter, MobiSys 2021, sections 4 and 5",
    ),
    Entry(
        "ridge",
        "Priced units",
        "search_engine.costs.predictors.ridge:Ridge",
        "Prices per unit, MAC and value moved, learned from whole networks; strong with few.",
        "Regressed look-up table, docs/hardware.md",
    ),
    Entry(
        "gbdt",
        "Boosted trees",
        "search_engine.costs.predictors.gbdt:Gbdt",
        "Corrects priced units by depth, parallel paths and decisions; from about 100 networks.",
        "Friedman, Stochastic gradient boosting, CSDA 38(4), 2002",
    ),
    Entry(
        "transfer",
        "From other devices",
        "search_engine.costs.predictors.transfer:Transfer",
        "From 10 to 50 measurements and the values of the same networks on other devices.",
        "Lee et al., HELP, NeurIPS 2021, arXiv 2106.08630",
    ),
    Entry(
        "graph",
        "Graph network",
        "search_engine.costs.predictors.graph:Graph",
        "A graph convolutional network over units; for hundreds of networks with parallel paths.",
        "Dudziak et al., BRP-NAS, NeurIPS 2020, arXiv 2007.08668",
    ),
)
