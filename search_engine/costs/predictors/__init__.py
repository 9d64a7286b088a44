"""Cost models that are fitted to a device: one file each; this table is the only list of them."""

from typing import TYPE_CHECKING

from search_engine.registry import Entry, Registry

if TYPE_CHECKING:
    from search_engine.costs.predictors.protocol import Predictor

PREDICTORS: "Registry[Predictor]" = Registry(
    "predictor",
)
