"""Profiling a device for a search space: measure, fit, judge, keep versions, notice drift."""

from hardware_profiles.profiling.budget import Budget
from hardware_profiles.profiling.drawing import space_of
from hardware_profiles.profiling.finishing import finish
from hardware_profiles.profiling.standing import (
    STATES,
    predictor_rows,
    public_progress,
    state_of,
    with_standing,
)
from hardware_profiles.profiling.steps import (
    BATCH,
    end,
    extend,
    next_batch,
    pause,
    pending,
    plan_for,
    record,
    reject,
    start,
)
from hardware_profiles.profiling.versions import activate, current_model, models_of, predictor_of

__all__ = [
    "BATCH", "STATES", "Budget", "activate", "current_model", "end", "extend", "finish",
    "models_of", "next_batch", "pause", "pending", "plan_for", "predictor_of", "predictor_rows",
    "public_progress", "record", "reject", "space_of", "start", "state_of", "with_standing",
]  # fmt: skip
