"""Layer types: one file per family; this table is the only list of them."""

from typing import TYPE_CHECKING

from search_engine.registry import Entry, Registry

if TYPE_CHECKING:  # the protocols import networks, which import this table
    from search_engine.protocols import Op

OPS: "Registry[Op]" = Registry(
    "layer type",
    Entry("conv", "Convolution", "search_engine.ops.conv:Conv", "Convolution, norm, activation."),
    Entry(
        "squeeze_excite",
        "Squeeze-and-excite",
        "search_engine.ops.attention:SqueezeExcite",
        "Channel attention.",
        "Hu et al., CVPR 2018, arXiv 1709.01507",
    ),
    Entry("avg_pool", "Average pooling", "search_engine.ops.pool:AvgPool", "Padding not counted."),
    Entry(
        "max_pool", "Max pooling", "search_engine.ops.pool:MaxPool", "Largest value of a window."
    ),
    Entry("identity", "Identity", "search_engine.ops.merge:Identity", "Passes its input on."),
    Entry("zero", "Zero", "search_engine.ops.merge:Zero", "The `none` operation of cell spaces."),
    Entry("add", "Add", "search_engine.ops.merge:Add", "Sum of equal shapes."),
    Entry("concat", "Concatenate", "search_engine.ops.merge:Concat", "Joins channels."),
    Entry(
        "norm_act", "Norm + activation", "search_engine.ops.norm:NormAct", "Without a convolution."
    ),
    Entry("head", "Classifier", "search_engine.ops.head:Head", "Global average pool and linear."),
)
