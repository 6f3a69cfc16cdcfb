"""A handler's phone in a real browser: photos survive a lost connection and a reload, and what is wrong is said."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import Page, expect

from pipeline.adapters import tables
from pipeline.adapters.accounts import ensure_person, hash_password
from pipeline.adapters.database import open_engine, writing
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.photo import Photo, PhotoState
from pipeline.domain.ticket import Role, Status
from pipeline.settings import Settings
from tests.api.browsing import NEEDS_BROWSER, PHONE, browsing, served
from tests.api.conftest import NOW, PASSWORD

pytestmark = NEEDS_BROWSER
NUMBER = "XJ-20261123-0001"
HANDLER, UNIT = "王师傅", "青禾社区"
PATCHES = "**/api/v1/tickets/*/photos/*"
ARRIVES_WITHIN_MS = 20_000


def photo_file(folder: Path, kind: str = "JPEG") -> Path:
    """About 900 kB, so that it goes in several pieces."""
    path = folder / f"IMG_0042.{kind.lower()}"
    written = io.BytesIO()
    Image.effect_noise((1000, 800), 90).convert("RGB").save(
        written, kind, **({"quality": 97} if kind == "JPEG" else {})
    )
    path.write_bytes(written.getvalue())
    return path


@pytest.fixture
def phone(settings: Settings) -> Iterator[Page]:
    engine = open_engine(settings.sql_url)
    with writing(engine) as connection:
        ensure_person(connection, HANDLER, Role.handler, hash_password(PASSWORD), NOW)
        connection.execute(sa.update(tables.people).where(tables.people.c.name == HANDLER).values(unit=UNIT))
        changed = sa.update(tables.tickets).where(tables.tickets.c.number == NUMBER)
        connection.execute(changed.values(status=Status.in_progress.value, unit=UNIT, dispatched_at=NOW))
    engine.dispose()
    forgiven = ("ERR_INTERNET_DISCONNECTED", "409")
    with served(settings) as address, browsing(address, HANDLER, PHONE, forgiven) as page:
        page.goto(f"/tickets/{NUMBER}/photos")
        page.wait_for_selector("[data-photos][data-ready]")
        yield page


def arrived(settings: Settings) -> list[Photo]:
    engine = open_engine(settings.sql_url)
    with SqlUnitsOfWork(engine).reading() as uow:
        known = uow.photos.of_ticket(NUMBER)
    engine.dispose()
    return [photo for photo in known if photo.state is PhotoState.received]


def cut_after(page: Page, pieces: int) -> None:
    """The connection goes once so many pieces went through."""
    through = {"left": pieces}

    def pass_or_cut(route) -> None:  # type: ignore[no-untyped-def]  # playwright's own
        through["left"] -= 1
        if through["left"] >= 0:
            route.continue_()
        else:
            route.abort("internetdisconnected")

    page.route(PATCHES, pass_or_cut)


def test_a_photo_goes_on_where_the_connection_broke(phone: Page, settings: Settings, tmp_path: Path) -> None:
    content = photo_file(tmp_path)
    cut_after(phone, 2)
    phone.set_input_files("[data-pick][multiple]", content)
    expect(phone.locator("[data-status]")).to_contain_text("没有网络", timeout=ARRIVES_WITHIN_MS)
    expect(phone.locator(".photo.local canvas")).to_be_visible()
    begun = next((settings.quarantine).iterdir())
    assert 0 < begun.stat().st_size < content.stat().st_size
    phone.unroute(PATCHES)
    expect(phone.locator(".photo.local")).to_have_count(0, timeout=ARRIVES_WITHIN_MS)
    assert begun.read_bytes() == content.read_bytes()
    assert [photo.name for photo in arrived(settings)] == [content.name]
    expect(phone.locator("#photo-list").first).to_contain_text("正在遮挡人脸和车牌")


def test_an_unsent_photo_is_there_after_a_reload(phone: Page, settings: Settings, tmp_path: Path) -> None:
    content = photo_file(tmp_path)
    cut_after(phone, 1)
    phone.set_input_files("[data-pick][multiple]", content)
    expect(phone.locator("[data-status]")).to_contain_text("没有网络", timeout=ARRIVES_WITHIN_MS)
    phone.reload()
    expect(phone.locator(".photo.local")).to_have_count(1)
    phone.unroute(PATCHES)
    expect(phone.locator(".photo.local")).to_have_count(0, timeout=ARRIVES_WITHIN_MS)
    assert [photo.sha256 for photo in arrived(settings)] == [hashlib.sha256(content.read_bytes()).hexdigest()]


def test_what_is_no_jpeg_is_refused_on_the_phone_in_words(phone: Page, settings: Settings, tmp_path: Path) -> None:
    phone.set_input_files("[data-pick][multiple]", photo_file(tmp_path, "PNG"))
    expect(phone.locator(".photo.local")).to_contain_text("只接受相机拍摄的 JPEG 照片")
    phone.locator(".photo.local button").click()
    expect(phone.locator(".photo.local")).to_have_count(0)
    assert not (settings.quarantine).exists()


def test_the_fingerprint_is_right_where_the_browser_has_none_of_its_own(phone: Page) -> None:
    """Plain HTTP but for loopback: there is no `crypto.subtle` then."""
    for length in (0, 1, 55, 56, 64, 1000, 65_537):
        content = bytes(place * 31 % 256 for place in range(length))
        given = phone.evaluate("bytes => window.patrolSha256(new Uint8Array(bytes))", list(content))
        assert given == hashlib.sha256(content).hexdigest(), length
