"""A WebSocket client that talks to the consumers without a server."""

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter

from experiments.routing import websocket_urlpatterns


class Socket(ApplicationCommunicator):
    """One connection of one user."""

    def __init__(self, user: Any, address: str) -> None:
        path, _, query = address.partition("?")
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": query.encode(),
            "headers": [],
            "subprotocols": [],
            "user": user,
        }
        super().__init__(URLRouter(websocket_urlpatterns), scope)

    async def connect(self) -> None:
        """Open it; the consumers always accept and then close with a code if they must."""
        await self.send_input({"type": "websocket.connect"})
        assert (await self.receive_output(timeout=5))["type"] == "websocket.accept"

    async def receive(self, count: int) -> list[dict[str, Any]]:
        """So many messages."""
        return [json.loads((await self.receive_output(timeout=10))["text"]) for _ in range(count)]

    async def closing_code(self) -> int:
        """The code it is closed with."""
        message = await self.receive_output(timeout=5)
        assert message["type"] == "websocket.close"
        return int(message["code"])

    async def disconnect(self) -> None:
        """Hang up."""
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(timeout=5)
