"""Every deliberate error of the engine: what came, what is allowed, what to do next."""


class SearchEngineError(Exception):
    """Base class; `code` is stable and machine-readable."""

    code = "search_engine_error"


class ConfigError(SearchEngineError):
    """Settings do not fit their schema; `messages` maps a dotted field path to its sentences."""

    code = "invalid_config"

    def __init__(self, messages: dict[str, list[str]]) -> None:
        self.messages = messages
        lines = (f"{path}: {text}" for path, texts in messages.items() for text in texts)
        super().__init__("; ".join(lines))


class UnknownKeyError(SearchEngineError):
    """A registry has no such entry."""

    code = "unknown_key"


class SpaceError(SearchEngineError):
    """A search-space document or a tuple of genes is not valid.

    Attributes:
        path: where in the document, such as `network[2].kernel`, or the name of a decision.
        line: where in the document's text, from 1; None where no text is known.
    """

    code = "invalid_space"

    def __init__(self, message: str, path: str = "", line: int | None = None) -> None:
        self.path, self.line = path, line
        super().__init__(f"{path}: {message}" if path else message)


class ShapeError(SearchEngineError):
    """A layer cannot be applied to the tensors it is given."""

    code = "invalid_shape"


class NetworkError(SearchEngineError):
    """A `NetworkSpec` (or its JSON) is not a valid network."""

    code = "invalid_network"


class ProblemError(SearchEngineError):
    """Objectives, constraints or budget do not make a search problem."""

    code = "invalid_problem"


class InfeasibleError(SearchEngineError):
    """No architecture that satisfies the analytic limits was found in the allowed tries."""

    code = "infeasible"


class SpaceExhaustedError(SearchEngineError):
    """Every architecture of the space has been proposed already."""

    code = "space_exhausted"


class StrategyError(SearchEngineError):
    """A strategy broke its contract: it repeated itself, or waits although nothing is running."""

    code = "invalid_proposal"


class DatasetError(SearchEngineError):
    """A data set is missing, damaged or does not fit the network."""

    code = "invalid_dataset"


class TrainingError(SearchEngineError):
    """Training failed for a reason that belongs to the candidate, such as a NaN loss."""

    code = "training_failed"


class EvaluationError(SearchEngineError):
    """An evaluator cannot score this architecture."""

    code = "evaluation_failed"


class ExportError(SearchEngineError):
    """A network could not be exported, or the exported file disagrees with it."""

    code = "export_failed"


class Interrupted(SearchEngineError):  # noqa: N818 - a request, not a fault
    """Raised inside a long computation at a batch boundary because someone asked it to stop.

    Attributes:
        reason: `pause`, `stop`, `cancel` or `shutdown`.
    """

    code = "interrupted"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"Interrupted: {reason}.")


class PredictorError(SearchEngineError):
    """A cost model cannot be fitted, or knows nothing of what it is asked; says what is missing."""

    code = "prediction_failed"
