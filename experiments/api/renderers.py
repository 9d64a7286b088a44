"""Answers: JSON in which a number that JSON does not know (NaN, infinity) is null."""

import math
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request


class FiniteJSONRenderer(JSONRenderer):
    """REST framework's JSON, strict; non-finite numbers are looked for only when there is one."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        """Bytes of the answer."""
        try:
            return super().render(data, accepted_media_type, renderer_context)
        except ValueError:
            return super().render(finite(data), accepted_media_type, renderer_context)


def finite(data: Any) -> Any:
    """A copy of plain data with None in place of NaN and infinities."""
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, dict):
        return {key: finite(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [finite(value) for value in data]
    return data


class OneFormat(BaseContentNegotiation):
    """For downloads: they have one format, whatever the Accept header wishes; errors are JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The first one; downloads have no body."""
        return parsers[0] if parsers else None

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[Any, str]:
        """The first one."""
        return renderers[0], renderers[0].media_type
