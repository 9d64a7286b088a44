"""Built-in search spaces: one document each; this table is the only list of them."""

from search_engine.protocols import SearchSpace
from search_engine.registry import Entry, Registry

SPACES: Registry[SearchSpace] = Registry(
    "search space",
    Entry(
        "mbconv-tiny",
        "MBConv tiny",
        "search_engine.spaces.mbconv_tiny:DOCUMENT",
        "Inverted residuals for inputs from 8x8 to 64x64: kernel, expansion, width, depth, SE.",
        "Sandler et al., CVPR 2018, arXiv 1801.04381; Tan et al., CVPR 2019, arXiv 1807.11626",
    ),
    Entry(
        "nasbench201",
        "NAS-Bench-201",
        "search_engine.spaces.nasbench201:DOCUMENT",
        "A four-node cell with five operations per edge, stacked in three stages.",
        "Dong and Yang, ICLR 2020, arXiv 2001.00326",
    ),
)
