"""`Authorization: Token <key>` for HTTP and for sockets; keys are looked up by their SHA-256."""

from typing import Any

from channels.db import database_sync_to_async
from django.contrib.auth.models import AnonymousUser
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from experiments.models import ApiToken
from experiments.services.tokens import digest_of, note_use

KEYWORD = "Token"


def token_of(header: bytes) -> ApiToken | None:
    """The token that an Authorization header names; None if the header speaks of something else.

    Raises:
        AuthenticationFailed: malformed, unknown or revoked key, or its user is switched off.
    """
    scheme, _, key = header.strip().partition(b" ")
    if scheme.lower() != KEYWORD.lower().encode():
        return None
    key = key.strip()
    if not key or b" " in key or not key.isascii():
        raise exceptions.AuthenticationFailed("Expected 'Authorization: Token <key>'.")
    token = ApiToken.objects.select_related("user").filter(digest=digest_of(key.decode())).first()
    if token is None:
        raise exceptions.AuthenticationFailed("This token is unknown or was revoked.")
    if not token.user.is_active:
        raise exceptions.AuthenticationFailed("The user of this token is switched off.")
    note_use(token)
    return token


class HashedTokenAuthentication(BaseAuthentication):
    """First in the list of authenticators, so that a request without credentials gets 401."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        """User and token of the header."""
        token = token_of(get_authorization_header(request))
        return None if token is None else (token.user, token)

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return f'{KEYWORD} realm="api"'


class SocketTokenMiddleware:
    """Lets scripts open sockets with the same header; browsers go on with their session."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        """Replace `scope["user"]` if a token was sent; a bad one makes the socket anonymous."""
        header = dict(scope.get("headers", ())).get(b"authorization", b"")
        if header:
            scope = scope | {"user": await database_sync_to_async(_socket_user)(header)}
        return await self._app(scope, receive, send)


def _socket_user(header: bytes) -> Any:
    try:
        token = token_of(header)
    except exceptions.AuthenticationFailed:
        return AnonymousUser()
    return AnonymousUser() if token is None else token.user
