"""The main job in a browser: from the form to a file that predicts in ONNX Runtime."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from search_engine.loading import load_dataset
from tests.e2e.stack import Stack

pytestmark = pytest.mark.e2e
TRIALS = 6


class Frames:
    """What arrives over the page's sockets."""

    def __init__(self) -> None:
        self.messages: list[dict] = []

    def listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: self.messages.append(json.loads(data)))

    def finished(self) -> set[int]:
        """Numbers of the candidates that the socket has told to be done."""
        return {
            number
            for message in self.messages
            if message["type"] == "cand.batch"
            for number, status in zip(message["number"], message["status"], strict=True)
            if status == "done"
        }


@pytest.fixture
def frames() -> Frames:
    return Frames()


@pytest.fixture
def page(stack: Stack, chromium: Browser, frames: Frames) -> Iterator[Page]:
    """An empty browser; fails on errors in the page and on requests to other hosts."""
    context = chromium.new_context(viewport={"width": 1360, "height": 900}, accept_downloads=True)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("websocket", frames.listen)
    local = (stack.url, "blob:", "data:")
    page.on("request", lambda r: r.url.startswith(local) or problems.append(r.url))
    page.on(
        "console",
        lambda m: "Content Security Policy" in m.text and problems.append(m.text),
    )
    yield page
    context.close()
    assert problems == []


def test_from_the_form_to_a_network_that_predicts(
    page: Page, stack: Stack, frames: Frames, tmp_path: Path
):
    page.goto(stack.url)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(stack.password)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{stack.url}/experiments/new/")
    page.get_by_label("Name", exact=True).fill("main job")
    settings = {
        "constraints.0": "1000",  # ms: also on a host that is busy with other things
        "budget.max_trials": str(TRIALS),
        "evaluator.config.epochs": "3",
    }
    for path, value in settings.items():
        page.locator(f"[data-path='{path}'] input").fill(value)
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/experiments/*-*-*/", timeout=60_000)
    key = page.url.rstrip("/").rpartition("/")[2]

    # Candidates arrive over the socket, and the page shows them without being loaded again.
    page.evaluate("window.stillHere = true")
    expect(page.locator("#status")).to_contain_text("Done", timeout=600_000)
    assert frames.finished() == set(range(TRIALS))
    expect(page.locator("#progress-text")).to_contain_text(f"{TRIALS} / {TRIALS}")
    expect(page.locator("#front-chart .scatterlayer .point").first).to_be_visible()
    assert page.evaluate("window.stillHere") is True

    page.locator("#best-link").click()
    page.wait_for_url(f"**/experiments/{key}/c/*/")
    page.get_by_role("button", name="Export ONNX").click()
    link = page.locator("#files a[href*='/artifacts/'], #jobs a[href*='/artifacts/']").first
    expect(link).to_be_visible(timeout=120_000)
    with page.expect_download() as waiting:
        link.click()
    file = tmp_path / "network.onnx"
    waiting.value.save_as(file)
    _predicts(file, stack, key, int(page.url.rstrip("/").rpartition("/")[2]))


def _predicts(file: Path, stack: Stack, key: str, number: int) -> None:
    """The file has the accuracy that the candidate has."""
    trial = stack.get(f"/api/v1/experiments/{key}/trials/{number}/")
    data = load_dataset("digits").load("val")
    session = onnxruntime.InferenceSession(file)
    logits = session.run(None, {session.get_inputs()[0].name: data.x})[0]
    accuracy = float(np.mean(logits.argmax(1) == data.y))
    assert accuracy == pytest.approx(trial["metrics"]["accuracy"]["value"], abs=1e-6)
