"""What can go wrong with the server or with this client's own file."""


class AgentError(Exception):
    """Base class; the message says what to do."""


class SettingsError(AgentError):
    """The file with the token is missing, damaged or open to others."""


class Unreachable(AgentError):  # noqa: N818 - it may pass
    """The server did not answer, or answered that it cannot now; it may later.

    Attributes:
        retry_after_s: what it asked for, or 0.
    """

    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Refused(AgentError):  # noqa: N818 - reads well
    """The server does not accept what was sent; sending it again will not help.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class NotAuthorised(Refused):
    """The token is unknown or was revoked."""


class Stopped(AgentError):  # noqa: N818 - a request, not a fault
    """This client was told to end."""


class NotWanted(AgentError):  # noqa: N818 - no fault
    """Nobody wants to know the result any more."""
