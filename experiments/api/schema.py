"""OpenAPI: one error schema everywhere, pydantic bodies as they validate, tags, summaries."""

import re
from typing import Any

from drf_spectacular.drainage import set_override
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from experiments.api.authentication import KEYWORD
from experiments.api.idempotency import HEADER
from search_engine.config import Config

REASONS = {
    "400": "The request is malformed or a value is not allowed; `attr` names the field.",
    "401": "No valid token and no session.",
    "403": "Signed in, but not allowed to do this.",
    "404": "It does not exist, or you may not see it.",
    "409": "The state of the thing forbids this; `detail` says why.",
    "413": "The body is too large.",
    "415": "Send JSON.",
    "422": f"The `{HEADER}` was used before, with another body.",
    "429": "Too many requests; `Retry-After` says when to go on.",
}


class ErrorItemSerializer(serializers.Serializer):
    """One thing that is wrong."""

    code = serializers.CharField(help_text="Stable, for programs.")
    detail = serializers.CharField(help_text="What came, what is allowed, what to do.")
    attr = serializers.CharField(allow_null=True, help_text="Dotted path of the field.")
    line = serializers.IntegerField(
        required=False, help_text="Of a search-space document that came as text, from 1."
    )


class ErrorSerializer(serializers.Serializer):
    """The one shape of every error."""

    type = serializers.ChoiceField(choices=("validation_error", "client_error", "server_error"))
    errors = ErrorItemSerializer(many=True)


class ApiSchema(AutoSchema):
    """What all our operations have in common."""

    def get_tags(self) -> list[str]:
        """The resource: first part of the path."""
        return self._tokenize_path()[:1]

    def get_summary(self) -> str:
        """First sentence of the action's docstring."""
        return re.split(r"\.\s", self.get_description() + " ", maxsplit=1)[0].strip()

    def get_override_parameters(self) -> list[Any]:
        """The header that creating actions take."""
        if not self._is_idempotent:
            return []
        text = "The same key sent again gets the first answer; nothing is done twice."
        return [
            OpenApiParameter(
                HEADER, {"type": "string", "maxLength": 200}, OpenApiParameter.HEADER,
                description=text,
            )
        ]  # fmt: skip

    def _get_request_body(self, direction: str = "request") -> dict[str, Any] | None:
        body = super()._get_request_body(direction)
        target = self.get_request_serializer() if body else None
        if isinstance(target, type) and issubclass(target, Config):
            body["required"] = any(field.is_required() for field in target.model_fields.values())
        return body

    @property
    def _is_idempotent(self) -> bool:
        action = getattr(self.view, getattr(self.view, "action", None) or self.method.lower())
        return getattr(action, "idempotent", False)

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        for code in self._error_codes():
            if code not in bodies:
                bodies[code] = self._get_response_for_code(ErrorSerializer, code)
                bodies[code]["description"] = REASONS[code]
        return dict(sorted(bodies.items()))

    def _error_codes(self) -> list[str]:
        has_body = self.method in ("POST", "PUT", "PATCH")
        is_open = all(type(p) is AllowAny for p in self.view.get_permissions())
        wanted = {
            "400": True,
            "401": not is_open,
            "403": not is_open and self.method != "GET",
            "404": "{" in self.path,
            "409": self.method != "GET" and not is_open,
            "413": has_body,
            "415": has_body,
            "422": self._is_idempotent,
            "429": True,
        }
        return [code for code, holds in wanted.items() if holds]


class TokenScheme(OpenApiAuthenticationExtension):
    """`Authorization: Token <key>`."""

    target_class = "experiments.api.authentication.HashedTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """An API key in a header."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": f"`{KEYWORD} <key>`; get a key at `auth/token/`.",
        }


class AgentScheme(OpenApiAuthenticationExtension):
    """`Authorization: Agent <token>`."""

    target_class = "experiments.api.agent_access.AgentAuthentication"
    name = "agent"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """An API key in a header."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Agent <token>`; for clients that measure on other machines.",
        }


class ConfigBodies(OpenApiSerializerExtension):
    """Pydantic schemas of the engine's `Config` as what may be sent, so defaults are optional."""

    target_class = "search_engine.config.Config"
    match_subclasses = True
    priority = 1  # before drf-spectacular's own, which describes what a model dumps

    def get_name(self, auto_schema: AutoSchema, direction: str) -> str:
        """The class's name."""
        set_override(self.target, "suppress_collision_warning", True)
        return self.target.__name__

    def map_serializer(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        """JSON Schema, nested models as components of their own."""
        schema = self.target.model_json_schema(ref_template="#/components/schemas/{model}")
        for name, nested in schema.pop("$defs", {}).items():
            auto_schema.registry.register_on_missing(
                ResolvedComponent(
                    name=name, type=ResolvedComponent.SCHEMA, object=name, schema=nested
                )
            )
        return schema
