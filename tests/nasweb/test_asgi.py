"""HTTP and sockets on one port: who may open one, and where there is none."""

import pytest
from asgiref.testing import ApplicationCommunicator

from nasweb.asgi import application

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/ws/experiments/"


def scope(kind, path, **headers):
    return {
        "type": kind,
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost"), *((k.encode(), v) for k, v in headers.items())],
        "subprotocols": [],
        "method": "GET",
    }


async def opened(path, **headers):
    socket = ApplicationCommunicator(application, scope("websocket", path, **headers))
    await socket.send_input({"type": "websocket.connect"})
    answer = await socket.receive_output(timeout=10)
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait(timeout=10)
    return answer["type"] == "websocket.accept"


async def test_pages_of_this_host_may_open_sockets():
    assert await opened(LIST, origin=b"http://localhost")


async def test_scripts_may_open_sockets():
    assert await opened(LIST)


@pytest.mark.parametrize("origin", [b"http://evil.example", b"null", b"http://localhost.evil"])
async def test_pages_of_other_hosts_may_not(origin):
    assert not await opened(LIST, origin=origin)


async def test_an_address_without_a_socket_is_refused():
    assert not await opened("/ws/nothing/", origin=b"http://localhost")


async def test_http_is_answered_by_django():
    request = ApplicationCommunicator(application, scope("http", "/healthz"))
    await request.send_input({"type": "http.request", "body": b"", "more_body": False})
    answer = await request.receive_output(timeout=10)
    assert answer["status"] == 200
