"""Is the process up, and is everything it needs there: for load balancers and for people."""

from collections.abc import Callable

import redis
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from experiments import workers

NEEDED_ROLES = ("search", "evaluate")


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """This process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 if a run could make progress now, else 503 with the names of what is missing."""
    missing = [
        name for name, check in (("database", _database), ("broker", _broker)) if not check()
    ]
    roles = set() if "broker" in missing else {worker.role for worker in workers.alive()}
    missing += [f"{role} worker" for role in NEEDED_ROLES if role not in roles]
    body = {"status": "unavailable" if missing else "ok", "missing": missing}
    return JsonResponse(body, status=503 if missing else 200)


def _answers(question: Callable[[], object], error: type[Exception]) -> bool:
    try:
        question()
    except error:
        return False
    return True


def _database() -> bool:
    def select_one() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    return _answers(select_one, DatabaseError)


def _broker() -> bool:
    return _answers(lambda: workers.client().ping(), redis.RedisError)
