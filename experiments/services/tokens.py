"""API tokens: made from 256 random bits, shown once, stored as a SHA-256."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from experiments.errors import StateConflict
from experiments.models import ApiToken

MAX_TOKENS = 200
_USE_RESOLUTION = timedelta(minutes=1)


def digest_of(key: str) -> str:
    """What is stored of a key. It needs no salt: the key itself is random, not chosen."""
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def issue_token(*, user: AbstractBaseUser, name: str = "") -> tuple[ApiToken, str]:
    """A new token and its key, which nobody can read again.

    Raises:
        StateConflict: the user has `MAX_TOKENS` tokens.
    """
    if ApiToken.objects.filter(user=user).count() >= MAX_TOKENS:
        raise StateConflict(
            f"You have {MAX_TOKENS} tokens, the most one user may have. "
            "Revoke some at account/tokens/."
        )
    key = secrets.token_urlsafe(32)
    token = ApiToken(user=user, name=name, digest=digest_of(key), prefix=key[:8])
    token.full_clean()
    token.save()
    return token, key


def note_use(token: ApiToken) -> None:
    """Remember when a token was last used, to the minute: one write per minute, not per request."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at >= _USE_RESOLUTION:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
