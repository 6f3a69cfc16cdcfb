"""The pages in a real browser: no breach of the policy, no other host, keys, live lists."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import ConsoleMessage, Page, expect, sync_playwright

from api.app import create_app
from api.assets import is_current
from pipeline.adapters.clock import SystemClock
from pipeline.adapters.database import open_engine
from pipeline.adapters.images import LocalImages
from pipeline.settings import Settings
from tests.api.conftest import ADMIN, PASSWORD
from tests.api.street import add_ticket
from tests.screenshots import FLAGS

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    pytest.mark.skipif(not is_current(), reason="needs the page's scripts: python -m api.assets"),
]
FIRST, SECOND = "XJ-20261123-0001", "XJ-20261123-0002"
LIVE_WITHIN_MS = 9_000


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=10)
    assert not thread.is_alive()


def _is_fault(message: ConsoleMessage) -> bool:
    """A refused verdict is an answer, though the browser notes it as an error."""
    return message.type == "error" and "409" not in message.text


@pytest.fixture
def page(address: str) -> Iterator[Page]:
    """Logged in; fails afterwards if the console complained or another host was asked."""
    said: list[str] = []
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 800})
        page.on("console", lambda message: said.append(message.text) if _is_fault(message) else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "request", lambda asked: said.append(asked.url) if not asked.url.startswith((address, "data:")) else None
        )
        page.goto("/")
        page.fill("#name", ADMIN)
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url("**/tickets")
        yield page
        browser.close()
    assert said == []


def test_a_reviewer_works_by_keyboard(page: Page) -> None:
    page.goto(f"/tickets/{FIRST}")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("o")
    expect(page.locator(".stage img.plain")).to_be_visible()
    page.keyboard.press("d")
    page.keyboard.press("2")
    expect(page.locator(".verdict .notice")).to_contain_text("阴影")
    page.keyboard.press("u")
    expect(page.locator(".button.confirm")).to_be_visible()
    page.keyboard.press("c")
    expect(page.locator(".verdict .notice")).to_contain_text("立案")
    page.keyboard.press("n")
    page.wait_for_url(f"**/tickets/{SECOND}")


def test_a_new_ticket_appears_by_itself(page: Page, settings: Settings) -> None:
    expect(page.locator(".ticket")).to_have_count(14)
    engine = open_engine(settings.sql_url)
    number = add_ticket(engine, LocalImages(settings.home / "images"), 20, SystemClock().now())
    engine.dispose()
    expect(page.locator(".ticket")).to_have_count(15, timeout=LIVE_WITHIN_MS)
    expect(page.locator(".ticket .number").first).to_have_text(number)


def test_show_more_adds_the_rest_without_double(page: Page, settings: Settings) -> None:
    engine = open_engine(settings.sql_url)
    images = LocalImages(settings.home / "images")
    for place in range(20, 40):
        add_ticket(engine, images, place, SystemClock().now())
    engine.dispose()
    page.goto("/tickets")
    expect(page.locator(".ticket")).to_have_count(24)
    page.locator(".more a").click()
    expect(page.locator(".ticket")).to_have_count(34)
    numbers = page.locator(".ticket .number").all_text_contents()
    assert len(set(numbers)) == 34
    expect(page.locator(".more")).to_have_count(0)


def test_a_verdict_that_came_too_late_is_told_not_lost(page: Page) -> None:
    page.goto(f"/tickets/{FIRST}")
    page.request.post(f"/tickets/{FIRST}/confirm", headers={"Sec-Fetch-Site": "same-origin"}, max_redirects=0)
    page.locator(".button.confirm").click()
    expect(page.locator(".toast, .verdict .notice").first).to_be_visible()


def test_a_phone_sees_every_page_without_scrolling_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for path in (
        "/tickets",
        f"/tickets/{FIRST}",
        "/rounds",
        "/rounds/12",
        "/views",
        "/views/5",
        "/suppressions",
        "/about",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == 360, path
