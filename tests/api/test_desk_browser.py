"""The review desk in a real browser: a reviewer works by keyboard, and no verdict is lost."""

import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
import uvicorn
from playwright.sync_api import ConsoleMessage, Page, expect, sync_playwright
from sqlalchemy import Engine

from api.app import create_app
from api.assets import is_current
from pipeline.adapters import tables
from pipeline.adapters.clock import SystemClock
from pipeline.adapters.database import open_engine, reading
from pipeline.adapters.images import LocalImages
from pipeline.adapters.tables_desk import leases, reviews, sample_readings
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.ports import ImageKind, KeptImage
from pipeline.settings import Settings
from tests.api.conftest import ADMIN, PASSWORD
from tests.api.street import add_ticket, frame_jpeg
from tests.screenshots import FLAGS

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    pytest.mark.skipif(not is_current(), reason="needs the page's scripts: python -m api.assets"),
]
VERDICTS = 30
LOOKED_MS = 200
"""That a reviewer looks at each card, quick as none is: meanwhile the next ones come."""
IN_BUILT_TOWN = 14
SENT_WITHIN_MS = 20_000


class SlowLink:
    """Says nothing for a while, as a lost connection does."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def cut(self) -> None:
        self._page.route("**/api/v1/desk/**", lambda route: route.abort("internetdisconnected"))

    def mend(self) -> None:
        self._page.unroute("**/api/v1/desk/**")


@pytest.fixture
def desk_settings(settings: Settings) -> Settings:
    """Without planted cards and second readings, which come by chance."""
    return settings.model_copy(update={"second_share": 0.0, "known_share": 0.0, "sample_card_share": 0.0})


@pytest.fixture
def engine(desk_settings: Settings) -> Iterator[Engine]:
    engine = open_engine(desk_settings.sql_url)
    yield engine
    engine.dispose()


@pytest.fixture
def address(desk_settings: Settings) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(desk_settings), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=10)
    assert not thread.is_alive()


def _is_fault(message: ConsoleMessage) -> bool:
    """A refused verdict and a cut line are noted by the browser as errors; they are what is tested."""
    expected = ("409", "404", "ERR_INTERNET_DISCONNECTED")
    return message.type == "error" and not any(word in message.text for word in expected)


@pytest.fixture
def page(address: str) -> Iterator[Page]:
    """Logged in as a reviewer might be; fails afterwards if the console complained or another host was asked."""
    said: list[str] = []
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 800})
        page.on("console", lambda message: said.append(message.text) if _is_fault(message) else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "request",
            lambda asked: said.append(asked.url) if not asked.url.startswith((address, "data:", "blob:")) else None,
        )
        page.goto("/desk/quality")
        page.fill("#name", ADMIN)
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url("**/desk/quality")
        yield page
        browser.close()
    assert said == []


def open_desk(page: Page) -> None:
    page.goto("/desk")
    expect(page.locator(".desk-canvas img")).to_be_visible(timeout=SENT_WITHIN_MS)


def shown(page: Page) -> str:
    return str(page.locator("[data-number]").text_content())


def statuses(engine: Engine) -> dict[str, str]:
    with reading(engine) as connection:
        rows = connection.execute(sa.select(tables.tickets.c.number, tables.tickets.c.status)).all()
    return {row[0]: row[1] for row in rows}


def labels(engine: Engine, kind: str) -> list[tuple[str, str]]:
    query = sa.select(tables.verdicts.c.category, tables.verdicts.c.teaches).where(tables.verdicts.c.kind == kind)
    with reading(engine) as connection:
        return [(row[0], row[1]) for row in connection.execute(query.order_by(tables.verdicts.c.id))]


def wait_until_sent(page: Page, engine: Engine, count: int) -> None:
    deadline = time.monotonic() + SENT_WITHIN_MS / 1000
    standing = sa.select(sa.func.count()).select_from(reviews).where(reviews.c.withdrawn_at.is_(None))
    while True:
        with reading(engine) as connection:
            found = connection.scalar(standing)
        if found == count:
            return
        assert time.monotonic() < deadline, f"{found} of {count} reviews arrived"
        page.wait_for_timeout(50)


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Both in shares of the picture."""
    box = page.locator(".desk-frame img").bounding_box()
    assert box is not None
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move((points[0][0] + points[1][0]) / 2, (points[0][1] + points[1][1]) / 2)
    page.mouse.move(*points[1])
    page.mouse.up()


def test_thirty_verdicts_by_keyboard(page: Page, engine: Engine, desk_settings: Settings) -> None:
    images = LocalImages(desk_settings.home / "images")
    for place in range(IN_BUILT_TOWN, VERDICTS + 6):
        add_ticket(engine, images, place, SystemClock().now() - timedelta(minutes=place))
    open_desk(page)
    judged: list[str] = []
    for turn in range(VERDICTS):
        number = shown(page)
        assert number not in judged
        judged.append(number)
        page.wait_for_timeout(LOOKED_MS)
        if turn % 3 == 0:
            page.keyboard.press("d")
            page.keyboard.press("2")
        elif turn % 7 == 1:
            page.keyboard.press("l")
            page.locator(f"[data-category='{other_category(page)}']").click()
        else:
            page.keyboard.press("c")
        expect(page.locator("[data-number]")).not_to_have_text(number)
        expect(page.locator(".desk-canvas img")).to_be_visible()
    wait_until_sent(page, engine, VERDICTS)
    known = statuses(engine)
    assert {known[number] for number in judged} == {"filed", "dismissed"}
    assert sum(known[number] == "dismissed" for number in judged) == 10
    relabelled = labels(engine, "relabelled")
    assert [teaches for _, teaches in relabelled] == ["positive", "negative"] * (len(relabelled) // 2)
    times = sorted(page.evaluate("performance.getEntriesByName('key-to-picture').map(entry => entry.duration)"))
    median, late = times[len(times) // 2], times[int(len(times) * 0.95)]
    sys.stdout.write(f"key to picture, {len(times)} keys: median {median:.0f} ms, p95 {late:.0f} ms\n")
    assert len(times) >= VERDICTS - 2


def other_category(page: Page) -> str:
    title = page.locator("[data-title]").text_content()
    return "illegal_ad" if title != "非法小广告" else "litter"


def test_a_box_is_redrawn_and_another_added(page: Page, engine: Engine) -> None:
    open_desk(page)
    first = shown(page)
    page.keyboard.press("b")
    drag(page, (0.6, 0.6), (0.7, 0.75))
    page.keyboard.press("Enter")
    page.keyboard.press("2")
    expect(page.locator(".desk-boxes .drawn")).to_have_count(1)
    expect(page.locator("#toast")).to_contain_text("不另立工单")
    page.keyboard.press("r")
    drag(page, (0.1, 0.5), (0.3, 0.9))
    page.keyboard.press("Enter")
    expect(page.locator("[data-number]")).not_to_have_text(first)
    wait_until_sent(page, engine, 2)
    with reading(engine) as connection:
        rows = connection.execute(sa.select(tables.verdicts).order_by(tables.verdicts.c.id)).all()
        count = connection.scalar(sa.select(sa.func.count()).select_from(tables.tickets))
    assert [row.kind for row in rows] == ["added", "redrawn"]
    assert {row.number for row in rows} == {first}
    assert (rows[0].left, rows[0].bottom) == (pytest.approx(0.6, abs=0.02), pytest.approx(0.75, abs=0.02))
    assert (rows[1].left, rows[1].right) == (pytest.approx(0.1, abs=0.02), pytest.approx(0.3, abs=0.02))
    assert count == IN_BUILT_TOWN
    assert statuses(engine)[first] == "filed"


def test_a_box_is_moved_by_arrow_keys(page: Page, engine: Engine) -> None:
    open_desk(page)
    with reading(engine) as connection:
        before = connection.execute(sa.select(tables.findings).join(
            tables.tickets, tables.tickets.c.finding_id == tables.findings.c.id
        ).where(tables.tickets.c.number == shown(page))).one()  # fmt: skip
    page.keyboard.press("r")
    for key in ("ArrowLeft", "ArrowLeft", "Shift+ArrowDown"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    wait_until_sent(page, engine, 1)
    with reading(engine) as connection:
        row = connection.execute(sa.select(tables.verdicts)).one()
    assert row.kind == "redrawn"
    assert row.right == pytest.approx(before.right - 0.02, abs=0.015)
    assert row.bottom == pytest.approx(before.bottom + 0.01, abs=0.001)


def test_undo_goes_several_steps_back(page: Page, engine: Engine) -> None:
    open_desk(page)
    numbers = []
    for keys in ("c", "d3", "c"):
        numbers.append(shown(page))
        for key in keys:
            page.keyboard.press(key)
    wait_until_sent(page, engine, 3)
    for number in reversed(numbers):
        page.keyboard.press("u")
        expect(page.locator("[data-number]")).to_have_text(number)
    wait_until_sent(page, engine, 0)
    assert set(statuses(engine).values()) == {"awaiting_review"}
    page.keyboard.press("c")
    wait_until_sent(page, engine, 1)
    assert statuses(engine)[numbers[0]] == "filed"


def test_help_zoom_and_plain_picture(page: Page) -> None:
    open_desk(page)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("c")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("o")
    expect(page.locator(".desk-boxes")).to_be_hidden()
    width = page.locator(".desk-canvas img").evaluate("image => image.getBoundingClientRect().width")
    page.keyboard.press("+")
    assert page.locator(".desk-canvas img").evaluate("image => image.getBoundingClientRect().width") > 1.4 * width
    page.keyboard.press("0")
    page.keyboard.press("o")
    expect(page.locator(".desk-boxes")).to_be_visible()


def test_a_lost_connection_loses_no_verdict(page: Page, engine: Engine) -> None:
    open_desk(page)
    page.wait_for_timeout(300)
    link = SlowLink(page)
    link.cut()
    for _ in range(3):
        page.keyboard.press("c")
    expect(page.locator("[data-offline]")).to_be_visible()
    link.mend()
    wait_until_sent(page, engine, 3)
    expect(page.locator("[data-offline]")).to_be_hidden()


def test_a_refused_verdict_brings_its_ticket_back(page: Page, engine: Engine, address: str) -> None:
    open_desk(page)
    number = shown(page)
    with engine.begin() as connection:
        connection.execute(sa.update(leases).where(leases.c.subject == number).values(who="李"))
    page.keyboard.press("c")
    expect(page.locator("[data-refused]")).to_be_visible()
    expect(page.locator("[data-number]")).to_have_text(number)
    page.keyboard.press("n")
    expect(page.locator("[data-number]")).not_to_have_text(number)


def test_what_was_missed_is_drawn_on_a_sample(page: Page, engine: Engine, desk_settings: Settings) -> None:
    keep_sample(engine, desk_settings, SystemClock().now())
    with engine.begin() as connection:
        connection.execute(sa.update(tables.tickets).values(status="filed"))
    open_desk(page)
    expect(page.locator("[data-sample]")).to_be_visible()
    expect(page.locator("[data-do=dismiss]")).to_be_hidden()
    page.keyboard.press("b")
    drag(page, (0.3, 0.6), (0.4, 0.7))
    page.keyboard.press("Enter")
    page.keyboard.press("1")
    page.keyboard.press("c")
    wait_until_sent(page, engine, 1)
    with reading(engine) as connection:
        assert connection.execute(sa.select(sample_readings.c.missed)).scalar_one() == 1
        assert connection.execute(sa.select(tables.verdicts.c.category)).scalar_one() == "litter"


def keep_sample(engine: Engine, settings: Settings, at: datetime) -> str:
    digest = LocalImages(settings.home / "images").put(frame_jpeg(77), ImageKind.sample)
    with SqlUnitsOfWork(engine).writing() as uow:
        uow.keep_images([KeptImage(digest, ImageKind.sample, 3, 90_000, at, 0.002)])
    return digest


def test_one_key_decides_look_alikes_and_undo_takes_all_back(page: Page, engine: Engine) -> None:
    with engine.begin() as connection:
        same = {"view_id": 3, "category": "litter"}
        place = {"left": 0.2, "top": 0.6, "right": 0.3, "bottom": 0.8}
        few = sa.select(tables.tickets.c.finding_id).order_by(tables.tickets.c.created_at).limit(3)
        ids = list(connection.scalars(few))
        connection.execute(sa.update(tables.findings).where(tables.findings.c.id.in_(ids)).values(**same, **place))
        connection.execute(sa.update(tables.findings).where(tables.findings.c.id.in_(ids[1:])).values(state="cleared"))
        connection.execute(sa.update(tables.tickets).where(tables.tickets.c.finding_id.in_(ids)).values(**same))
    open_desk(page)
    expect(page.locator("[data-alike]")).to_contain_text("2")
    page.keyboard.press("a")
    page.keyboard.press("d")
    page.keyboard.press("1")
    wait_until_sent(page, engine, 1)
    assert sorted(statuses(engine).values()).count("dismissed") == 3
    page.keyboard.press("u")
    wait_until_sent(page, engine, 0)
    assert "dismissed" not in statuses(engine).values()


def test_a_phone_sees_the_desk_without_scrolling_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 740})
    for path in ("/desk", "/desk/quality", "/desk/known", "/desk/reasons", "/suppressions"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") == 375, path
