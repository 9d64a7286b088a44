"""Talks to the server: JSON with a token over HTTPS, errors sorted into three kinds."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests

from nasweb_agent.errors import AgentError, NotAuthorised, Refused, Unreachable
from nasweb_agent.version import VERSION

TIMEOUT_S = (10.0, 30.0)  # to connect; between two bytes
LATER = (408, 425, 429, 500, 502, 503, 504)  # what a restarting server or a proxy answers


def check_address(url: str, *, plain_http: bool) -> str:
    """The server's address without a slash at its end.

    Raises:
        AgentError: no HTTP address, or the token would travel in clear text.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise AgentError(f"{url!r} is no address of a server. Example: https://nas.example.org")
    if parts.username or parts.password:
        raise AgentError("Leave user and password out of the address; the code is enough.")
    if parts.scheme == "http" and not plain_http and not _is_here(parts.hostname):
        raise AgentError(
            f"{url} is not encrypted: whoever listens would have the token. Use https://, or add "
            "--plain-http if you trust every machine between."
        )
    return url.rstrip("/")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Server:
    """One server.

    Args:
        url: from `check_address`.
        token: of this agent; empty before it is registered.
    """

    def __init__(self, url: str, token: str = "") -> None:
        self._base = f"{url}/api/v1/agents/"
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"nasweb-agent/{VERSION}"
        if token:
            self._session.headers["Authorization"] = f"Agent {token}"
            self._session.auth = _keep  # a ~/.netrc must not replace the token

    def post(self, path: str, body: dict[str, Any] | None = None, *, wait_s: float = 0.0) -> Any:
        """Parsed answer to a POST.

        Args:
            wait_s: how much longer than usual the server may take.

        Raises:
            Unreachable, NotAuthorised, Refused.
        """
        return self._answer("POST", path, wait_s, json=body or {}).json()

    def get_json(self, path: str) -> Any:
        """Parsed answer to a GET. Unreachable, NotAuthorised, Refused."""
        return self._answer("GET", path, 0.0).json()

    def get(self, path: str) -> bytes:
        """Content of a file. Unreachable, NotAuthorised, Refused."""
        return self._answer("GET", path, 0.0).content

    def _answer(self, method: str, path: str, wait_s: float, **more: Any) -> requests.Response:
        timeout = (TIMEOUT_S[0], TIMEOUT_S[1] + wait_s)
        try:
            answer = self._session.request(
                method, self._base + path, timeout=timeout, allow_redirects=False, **more
            )
        except requests.exceptions.SSLError as error:
            raise Unreachable(f"The server's certificate was not accepted: {error}") from error
        except requests.RequestException as error:
            raise Unreachable(f"No answer from {self._base}: {error}") from error
        _check(answer)
        return answer


def _keep(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _check(answer: requests.Response) -> None:
    if answer.ok and not answer.is_redirect:
        return
    message = f"{answer.status_code}: {_detail(answer)}"
    if answer.status_code in LATER:
        raise Unreachable(message, _retry_after(answer))
    if answer.status_code == 401:
        raise NotAuthorised(401, message)
    if answer.is_redirect:
        message = f"The server moved to {answer.headers.get('Location')}. Register with that."
    raise Refused(answer.status_code, message)


def _detail(answer: requests.Response) -> str:
    try:
        errors = answer.json()["errors"]
        return "; ".join(
            f"{item['attr']}: {item['detail']}" if item["attr"] else item["detail"]
            for item in errors
        )
    except (ValueError, KeyError, TypeError):
        return answer.reason or answer.text[:200]


def _retry_after(answer: requests.Response) -> float:
    try:
        return min(600.0, max(0.0, float(answer.headers.get("Retry-After", 0))))
    except ValueError:
        return 0.0
