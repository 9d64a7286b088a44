"""Deliberate errors of the product, with stable codes."""


class ExperimentError(Exception):
    """Base class; `code` is machine-readable."""

    code = "experiment_error"


class StateConflict(ExperimentError):  # noqa: N818 - the field's word for HTTP 409
    """The row's state forbids the action; the message says which states allow it."""

    code = "state_conflict"


class LeaseLost(ExperimentError):  # noqa: N818 - a fact, not a fault
    """Another worker, or the reaper, took over the row this worker was working on."""

    code = "lease_lost"
