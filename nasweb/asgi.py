"""HTTP and WebSocket on one port, served by uvicorn."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nasweb.settings")

from django.core.asgi import get_asgi_application

http = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402 - needs the apps that the line above loads
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from experiments.api.authentication import SocketTokenMiddleware  # noqa: E402
from experiments.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(SocketTokenMiddleware(URLRouter(websocket_urlpatterns)))
        ),
    }
)
