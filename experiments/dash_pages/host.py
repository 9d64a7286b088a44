"""Serves a Dash app from Django views: sessions, permissions and CSRF are Django's.

A page's requests go to a prefix of their own (`/dash/live/<experiment>/...`), and the Django view
behind that prefix looks the experiment up for the signed-in user before Dash sees anything. So a
callback cannot be reached, and cannot read, without the right to see the experiment.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import flask
from dash import Dash
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from werkzeug.test import EnvironBuilder, run_wsgi_app

from experiments.models import Experiment, Trial

PREFIX = "/dash/"
DOORS = ("_dash-layout", "_dash-dependencies")
CALLBACKS = "_dash-update-component"
_PAGE = "nasweb.page"
_UNUSED = "/dash_table/"  # no page uses Dash's own tables


@dataclass(frozen=True)
class Page:
    """What a request of a Dash page is about; the Django view has checked the rights.

    Attributes:
        prefix: where the page's own requests go.
        context: for the template.
    """

    request: HttpRequest
    prefix: str
    experiment: Experiment
    trial: Trial | None = None
    context: Mapping[str, Any] = field(default_factory=dict)


class BadCallback(ValueError):  # noqa: N818 - what came, not what broke
    """The body of a callback request is not one that this page's Dash app can answer."""


class HostedDash(Dash):
    """A Dash app whose page is a Django template.

    Args:
        template: gets the page's context and `dash` with `config` and `scripts`; it must hold
            the elements that the renderer looks for (see `_dash.html`).
    """

    def __init__(self, template: str) -> None:
        super().__init__(
            __name__,
            assets_folder="no-assets",
            include_assets_files=False,
            requests_pathname_prefix=PREFIX,
            routes_pathname_prefix="/",
            serve_locally=True,
            suppress_callback_exceptions=True,
            add_log_handler=False,
            update_title="",
            csrf_token_name=settings.CSRF_COOKIE_NAME,
            csrf_header_name="X-CSRFToken",
            enable_mcp=False,
            use_async=False,
        )
        self._template = template
        self.server.config["PROPAGATE_EXCEPTIONS"] = True  # Django logs them

    def interpolate_index(self, **parts: str) -> str:
        """Dash's hook for the page: our template, with the page's own request prefix."""
        page = current()
        config = json.loads(parts["config"].partition(">")[2].rpartition("<")[0])
        config |= {"requests_pathname_prefix": page.prefix, "python_version": ""}
        sources = re.findall(r'<script src="([^"]+)"', parts["scripts"])
        scripts = [s for s in sources if _UNUSED not in s]
        context = {**page.context, "dash": {"config": config, "scripts": scripts}}
        return render_to_string(self._template, context, page.request)

    def page(self, page: Page) -> HttpResponse:
        """The HTML page."""
        return self._answer("", page)

    def answer(self, door: str, page: Page) -> HttpResponse:
        """One of the renderer's requests.

        Raises:
            BadCallback: 400 is the answer.
        """
        if door == CALLBACKS:
            self._check_callback(page.request)
        return self._answer(door, page)

    def _answer(self, door: str, page: Page) -> HttpResponse:
        request = page.request
        builder = EnvironBuilder(
            path=f"/{door}",
            method="GET" if not door else request.method,
            data=request.body or None,
            content_type=request.content_type or None,
        )
        environ = builder.get_environ()
        environ[_PAGE] = page
        body, status, headers = run_wsgi_app(self.server, environ, buffered=True)
        response = HttpResponse(
            b"".join(body), status=int(status.split()[0]), content_type=headers["Content-Type"]
        )
        response["Cache-Control"] = "no-store"
        return response

    def _check_callback(self, request: HttpRequest) -> None:
        """The output is one of ours and the inputs are those it was declared with."""
        try:
            body = json.loads(request.body)
        except ValueError:
            raise BadCallback("The body is not JSON.") from None
        output = body.get("output") if isinstance(body, dict) else None
        if not isinstance(output, str) or output not in self.callback_map:
            raise BadCallback("The body names no callback of this page.")
        declared = self.callback_map[output]
        for kind in ("inputs", "state"):
            wanted = [(item["id"], item["property"]) for item in declared[kind]]
            given = body.get(kind, [])
            if not isinstance(given, list) or [_target(item) for item in given] != wanted:
                raise BadCallback(f"The {kind} must be {wanted}, each with a value.")


def current() -> Page:
    """The page of the request that is being answered."""
    return flask.request.environ[_PAGE]


def _target(item: Any) -> tuple[Any, Any]:
    is_value = isinstance(item, dict) and "value" in item
    return (item.get("id"), item.get("property")) if is_value else (None, None)
