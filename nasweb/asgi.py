"""HTTP and WebSocket on one port, served by uvicorn."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nasweb.settings")

from django.core.asgi import get_asgi_application

http = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402 - needs the apps that the line above loads
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import OriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import re_path  # noqa: E402

from experiments.api.authentication import SocketTokenMiddleware  # noqa: E402
from experiments.routing import websocket_urlpatterns  # noqa: E402


class BrowserOrigin(OriginValidator):
    """Browsers name the page that opens a socket: only ours may. Scripts name none."""

    def valid_origin(self, parsed_origin: object) -> bool:
        return parsed_origin is None or super().valid_origin(parsed_origin)


async def nothing_here(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Refuse a socket at an address that has none; the browser sees a 403."""
    await receive()
    await send({"type": "websocket.close"})


sockets = URLRouter([*websocket_urlpatterns, re_path("", nothing_here)])
application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": BrowserOrigin(
            AuthMiddlewareStack(SocketTokenMiddleware(sockets)),
            settings.ALLOWED_HOSTS,
        ),
    }
)
