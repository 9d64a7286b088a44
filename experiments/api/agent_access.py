"""`Authorization: Agent <token>`: lets an agent in at its own endpoints, and nowhere else."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from hardware_profiles import agents
from hardware_profiles.models import Agent

KEYWORD = "Agent"
MAX_TOKEN = 200


@dataclass(frozen=True, slots=True)
class AgentUser:
    """Stands where a user would: it has no name, no rights and no page.

    Attributes:
        pk: for throttles.
    """

    agent: Agent
    is_authenticated: bool = True
    is_active: bool = True
    is_staff: bool = False

    @property
    def pk(self) -> UUID:
        return self.agent.pk


class AgentAuthentication(BaseAuthentication):
    """The only authenticator of the agent endpoints; users' tokens mean nothing there."""

    def authenticate(self, request: Request) -> tuple[AgentUser, None] | None:
        """The agent of the header.

        Raises:
            AuthenticationFailed: malformed or unknown token, or the agent was revoked.
        """
        scheme, _, token = get_authorization_header(request).strip().partition(b" ")
        if scheme.lower() != KEYWORD.lower().encode():
            return None
        token = token.strip()
        if not token or len(token) > MAX_TOKEN or b" " in token or not token.isascii():
            raise exceptions.AuthenticationFailed("Expected 'Authorization: Agent <token>'.")
        agent = agents.agent_of(token.decode())
        if agent is None:
            raise exceptions.AuthenticationFailed(
                "This agent is unknown or was revoked. Register it with a new code."
            )
        agents.note_seen(agent)
        return AgentUser(agent), None

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return f'{KEYWORD} realm="agents"'


class IsAgent(BasePermission):
    """Whoever was let in by `AgentAuthentication`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Users are not agents."""
        return isinstance(request.user, AgentUser)


class AgentRate(SimpleRateThrottle):
    """Requests of one agent: several a second while it measures small networks."""

    scope = "agent"
    rate = "1200/min"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        """One history per agent; without a valid token there was a 401 already."""
        if not isinstance(request.user, AgentUser):
            return None
        return self.cache_format % {"scope": self.scope, "ident": request.user.pk}


class RegisterRate(SimpleRateThrottle):
    """Attempts to register from one address: codes have 144 bits, so this only saves work."""

    scope = "agent-register"
    rate = "30/min"

    def get_cache_key(self, request: Request, view: Any) -> str:
        """One history per address."""
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}
