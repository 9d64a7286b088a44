"""Rules for every request and response: content security policy, size of API bodies."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from nasweb.api_errors import error_response

Handler = Callable[[HttpRequest], HttpResponse]


class ContentSecurityPolicy:
    """Scripts, styles, fonts and sockets from this host only; no inline script, no eval.

    A view whose page needs inline scripts sets `response.csp_script_hashes` to their sources,
    such as `["'sha256-...'"]`.
    """

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the header unless the view set its own."""
        response = self._get_response(request)
        hashes = getattr(response, "csp_script_hashes", ())
        response.headers.setdefault("Content-Security-Policy", policy(request.get_host(), hashes))
        return response


def policy(host: str, script_hashes: tuple[str, ...] | list[str] = ()) -> str:
    """The policy of a page served by `host`; sockets are named because older Safari needs it."""
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(("script-src 'self'", *script_hashes)),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self' ws://{host} wss://{host}",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class ApiBodyLimit:
    """Refuses large JSON bodies unread; file uploads have limits of their own."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """413 in the API's error shape."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        size = request.META.get("CONTENT_LENGTH") or "0"
        is_file = request.content_type in ("multipart/form-data", "text/csv")
        if (
            request.path.startswith("/api/")
            and not is_file
            and size.isdigit()
            and int(size) > limit
        ):
            detail = f"The body has {int(size):,} bytes; at most {limit:,} are allowed here."
            return error_response(413, "too_large", detail)
        return self._get_response(request)
