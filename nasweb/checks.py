"""System checks: what `manage.py check` says about an installation, each with a hint."""

import sys
from typing import Any

from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.security, deploy=True)
def secret_key_is_shared(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    """Several hosts with keys of their own would reject one another's sessions."""
    if settings.ENV.secret_key or not settings.ENV.database_url:
        return []
    return [
        checks.Warning(
            "NASWEB_SECRET_KEY is not set: each host makes a key of its own.",
            hint="Set the same NASWEB_SECRET_KEY (50 random characters) on every host.",
            id="nasweb.W001",
        )
    ]


@checks.register(checks.Tags.security)
def origins_name_a_scheme(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    """A host name alone in NASWEB_TRUSTED_ORIGINS would never match."""
    wrong = [origin for origin in settings.CSRF_TRUSTED_ORIGINS if "://" not in origin]
    return [
        checks.Error(
            f"NASWEB_TRUSTED_ORIGINS contains {origin!r}, which has no scheme.",
            hint=f"Write https://{origin}.",
            id="nasweb.E001",
        )
        for origin in wrong
    ]


@checks.register(checks.Tags.security)
def platform_has_servers(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    """The embedded servers exist for Linux and macOS only."""
    if sys.platform != "win32":
        return []
    return [
        checks.Error(
            "NASWeb runs on Linux and macOS.",
            hint="On Windows use WSL: https://learn.microsoft.com/windows/wsl/install",
            id="nasweb.E002",
        )
    ]
