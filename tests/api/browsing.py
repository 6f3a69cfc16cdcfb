"""The application behind a real server, and a real browser that is logged in to it."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from api.app import create_app
from api.assets import is_current
from pipeline.settings import Settings
from tests.api.conftest import PASSWORD
from tests.screenshots import FLAGS

CHROMIUM = shutil.which("chromium")
NEEDS_BROWSER = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    pytest.mark.skipif(not is_current(), reason="needs the page's scripts: python -m api.assets"),
]
DESKTOP, PHONE = (1280, 800), (375, 740)


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """Its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
    assert not thread.is_alive()


@contextmanager
def browsing(
    address: str, name: str, size: tuple[int, int] = DESKTOP, forgiven: tuple[str, ...] = ()
) -> Iterator[Page]:
    """A page of somebody who is logged in; fails afterwards if the console complained or another host was asked.

    `forgiven`: parts of complaints that the test brings about itself.
    """
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(part in message.text for part in forgiven):
            said.append(message.text)

    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(
            base_url=address, viewport={"width": size[0], "height": size[1]}, has_touch=size == PHONE
        )
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "request",
            lambda asked: said.append(asked.url) if not asked.url.startswith((address, "data:", "blob:")) else None,
        )
        page.goto("/")
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        yield page
        browser.close()
    assert said == []
