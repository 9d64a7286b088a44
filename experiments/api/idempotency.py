"""`Idempotency-Key`: a POST that is sent twice is done once and answered twice."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial, wraps
from typing import Any

from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from experiments.api.renderers import FiniteJSONRenderer
from experiments.errors import StateConflict
from experiments.models import IdempotencyKey

HEADER = "Idempotency-Key"
KEPT = timedelta(days=7)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
Action = Callable[..., Response]


class KeyReused(APIException):
    """The key was used for something else."""

    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = (
        f"This {HEADER} was used with another body. Send a new key, or the body of the first time."
    )


def idempotent(action: Action | None = None, *, secret: bool = False) -> Any:
    """Decorate a POST of a view; without the header nothing changes.

    Key and answer are stored in the transaction that creates: of two requests at the same moment
    the second waits for the first and repeats its answer. A request that fails stores nothing,
    so the key can be sent again with a corrected body.

    Args:
        secret: the answer holds a key that must not be stored, so a repetition gets 409.
    """
    if action is None:
        return partial(idempotent, secret=secret)

    @wraps(action)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        work = partial(action, view, request, *args, **kwargs)
        return work() if key is None else _once(_checked(key), request, work, secret=secret)

    once.idempotent = True
    return once


@transaction.atomic
def _once(key: str, request: Request, work: Callable[[], Response], *, secret: bool) -> Response:
    mine = IdempotencyKey.objects.filter(user=request.user)
    mine.filter(created_at__lt=timezone.now() - KEPT).delete()
    digest = _digest(request)
    stored, is_new = mine.get_or_create(
        key=key,
        path=request.path[:300],
        defaults={"user": request.user, "request_digest": digest},
    )
    if not is_new:
        return _again(stored, digest)
    response = work()
    stored.status = response.status_code
    stored.body = None if secret else json.loads(FiniteJSONRenderer().render(response.data))
    stored.save(update_fields=["status", "body"])
    return response


def _again(stored: IdempotencyKey, digest: str) -> Response:
    if stored.request_digest != digest:
        raise KeyReused
    if stored.body is None:
        raise StateConflict(
            f"This {HEADER} did its work already; the answer held a secret and was not kept. "
            "Revoke what it made and send a new key."
        )
    return Response(stored.body, status=stored.status, headers={"Idempotent-Replayed": "true"})


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValidationError({HEADER: "Send 1 to 200 visible ASCII characters, such as a UUID."})
    return key


def _digest(request: Request) -> str:
    return hashlib.sha256(json.dumps(request.data, sort_keys=True).encode()).hexdigest()
