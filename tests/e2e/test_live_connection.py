"""`lib/live.js` in a browser against a scripted server: order, gaps, doubles, reconnects."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, WebSocketRoute, expect

from tests.e2e.blank import SITE, blank_page

pytestmark = pytest.mark.e2e

START = """async () => {
  const { LiveConnection } = await import("/static/js/lib/live.js");
  window.told = { snapshots: [], events: [], states: [] };
  window.connection = new LiveConnection("7", {
    snapshot: (data) => told.snapshots.push(data.seq),
    events: (list) => told.events.push(...list.map((event) => event.seq)),
    status: ({ state, wait }) => {
      told.states.push(state);
      document.title = state;
    },
  });
  window.connection.open();
}"""


class Server:
    """Answers snapshots with `seq` and keeps every socket that was opened."""

    def __init__(self) -> None:
        self.seq, self.snapshots, self.status = 0, 0, 200
        self.sockets: list[WebSocketRoute] = []

    def snapshot(self, route: Route) -> None:
        self.snapshots += 1
        errors = {"errors": [{"code": "x", "detail": "x", "attr": None}]}
        body = {"seq": self.seq} if self.status == 200 else errors
        route.fulfill(status=self.status, json=body)

    def accept(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)

    def send(self, *numbers: int) -> None:
        for number in numbers:
            self.sockets[-1].send(json.dumps({"seq": number, "type": "log.batch", "lines": []}))


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def page(chromium: Browser, server: Server) -> Iterator[Page]:
    """A page whose clock stands still and whose server is scripted."""
    page = blank_page(chromium)
    page.route(f"{SITE}/api/v1/experiments/7/snapshot/", server.snapshot)
    page.route_web_socket("**/ws/experiments/7/*", server.accept)
    page.clock.install()
    yield page
    page.context.close()


@pytest.fixture
def start(page: Page, server: Server) -> Callable[..., Page]:
    def _start(seq: int = 0) -> Page:
        server.seq = seq
        page.evaluate(START)
        expect(page).to_have_title("live")
        return page

    return _start


def told(page: Page, what: str) -> list:
    return page.evaluate(f"told.{what}")


def wait_for(page: Page, condition: str) -> None:
    page.wait_for_function(condition, polling=50)


def test_the_socket_goes_on_from_the_snapshot(start, server):
    page = start(seq=41)
    assert server.sockets[0].url.endswith("?after=41")
    server.send(42, 43)
    wait_for(page, "told.events.length === 2")
    assert told(page, "events") == [42, 43]


def test_events_told_twice_are_taken_once(start, server):
    page = start()
    server.send(1, 2, 2, 1, 3)
    wait_for(page, "told.events.length === 3")
    assert told(page, "events") == [1, 2, 3]


def test_a_gap_fetches_the_snapshot_again(start, server):
    page = start()
    server.send(1)
    wait_for(page, "told.events.length === 1")
    server.seq = 9
    server.send(9)
    wait_for(page, "told.snapshots.length === 2")
    assert told(page, "snapshots") == [0, 9]
    assert told(page, "events") == [1]
    wait_for(page, "document.title === 'live'")
    assert server.sockets[-1].url.endswith("?after=9")


def test_resync_fetches_the_snapshot_again(start, server):
    page = start(seq=5)
    server.seq = 8
    server.sockets[-1].send(json.dumps({"type": "resync", "reason": "pruned"}))
    wait_for(page, "told.snapshots.length === 2")
    assert told(page, "snapshots") == [5, 8]


def test_a_lost_socket_comes_back_from_the_last_event_and_waits_longer_each_time(start, server):
    page = start()
    server.send(1, 2)
    wait_for(page, "told.events.length === 2")
    for attempt, (too_soon, enough) in enumerate(((0, 2), (1, 2), (3, 3)), start=2):
        server.sockets[-1].close(code=1011)
        wait_for(page, "document.title === 'waiting'")
        page.clock.run_for(too_soon * 1000)
        assert page.title() == "waiting"
        page.clock.run_for(enough * 1000)
        wait_for(page, "document.title === 'live'")
        assert len(server.sockets) == attempt
        assert server.sockets[-1].url.endswith("?after=2")
    assert server.snapshots == 1
    server.send(3)
    wait_for(page, "told.events.length === 3")


def test_an_answer_resets_the_patience(start, server):
    page = start()
    for number in (1, 2, 3):
        server.sockets[-1].close(code=1011)
        wait_for(page, "document.title === 'waiting'")
        page.clock.run_for(2000)
        wait_for(page, "document.title === 'live'")
        server.send(number)
        wait_for(page, f"told.events.length === {number}")


def test_who_is_signed_out_is_sent_to_sign_in(start, server):
    page = start()
    server.sockets[-1].close(code=4401)
    page.wait_for_url("**/login/?next=%2Fexperiments%2F7%2F")


def test_an_experiment_that_is_gone_is_not_asked_for_again(start, server):
    page = start()
    server.sockets[-1].close(code=4404)
    wait_for(page, "document.title === 'gone'")
    page.clock.run_for(120_000)
    assert len(server.sockets) == 1


def test_a_server_that_cannot_answer_yet_is_tried_again(page, server):
    server.status = 503
    page.evaluate(START)
    wait_for(page, "document.title === 'waiting'")
    server.status = 200
    page.clock.run_for(2000)
    wait_for(page, "document.title === 'live'")
    assert told(page, "snapshots") == [0]


def test_nothing_is_polled(start, server):
    page = start()
    page.clock.run_for(3_600_000)
    assert server.snapshots == 1
    assert len(server.sockets) == 1
