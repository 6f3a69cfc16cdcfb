"""The engineer's way in a real browser, with a worker: a camera added, its zones drawn, a moved view mended."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect
from pydantic import SecretStr

from flows.errand_world import ErrandWorld
from flows.errands import run_errands
from flows.wiring import Town, cameras_of, open_town
from pipeline.adapters import tables
from pipeline.adapters.database import open_engine, writing
from pipeline.adapters.gauge import Gauge
from pipeline.adapters.memories import SqlViewMemories
from pipeline.adapters.picture import Picture, encode_jpeg, picture_of
from pipeline.adapters.secrets import new_key
from pipeline.domain.detection import Detection
from pipeline.domain.frame import Frame
from pipeline.settings import Settings
from pipeline.steps.world import World
from tests.api.browsing import NEEDS_BROWSER, browsing, served
from tests.api.conftest import ADMIN
from tests.api.street import frame_jpeg
from tests.fakes import PaintDetector, PlainRedactor

pytestmark = NEEDS_BROWSER
MOVED_VIEW = 12
SHIFT = (0.1, -0.06)
WORKS_WITHIN_MS = 30_000
LOOKS_EVERY_S = 0.3
CORNERS = ((0.1, 0.62), (0.5, 0.62), (0.5, 0.92), (0.1, 0.92))


class CopyingRedactor(PlainRedactor):
    """Port Redactor: nobody is in a drawn street, so the frame is stored as it is."""

    def redact(self, frame: Frame, helpers: Sequence[Detection]) -> bytes:
        return picture_of(frame).as_jpeg()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"secret_keys": SecretStr(new_key()), "prefect_port": 1})


def world_of(town: Town) -> World:
    """Real cameras and stores; only the weights are left out."""
    return World(
        source=cameras_of(town), gauge=Gauge(), detector=PaintDetector(), redactor=CopyingRedactor(),
        images=town.images, memories=SqlViewMemories(town.engine, town.prints), units=town.units, clock=town.clock,
        new_id=lambda: "f",
    )  # fmt: skip


class QuickWorld(ErrandWorld):
    def world(self) -> World:
        return world_of(self._town)


@pytest.fixture
def worker(settings: Settings) -> Iterator[None]:
    """Answers errands beside the pages, as the worker's process does."""
    over = threading.Event()

    def work() -> None:
        with open_town(settings) as town:
            means = QuickWorld(town)
            while not over.wait(LOOKS_EVERY_S):
                run_errands(town, once=True, means=means)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join(timeout=30)
    assert not thread.is_alive()


@pytest.fixture
def page(settings: Settings, worker: None) -> Iterator[Page]:
    with served(settings) as address, browsing(address, ADMIN, (1366, 860)) as page:
        page.set_default_timeout(WORKS_WITHIN_MS)
        page.goto("/cameras")
        yield page


def turned(jpeg: bytes) -> bytes:
    """What the same camera shows after it was turned by SHIFT."""
    pixels = Picture.from_bytes(jpeg).full()
    height, width = pixels.shape[:2]
    matrix = np.array([[1, 0, SHIFT[0] * width], [0, 1, SHIFT[1] * height]], np.float64)
    return encode_jpeg(np.asarray(cv2.warpAffine(pixels, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)))


def a_recording(folder: Path, jpeg: bytes) -> Path:
    folder.mkdir()
    (folder / "1.jpg").write_bytes(jpeg)
    return folder


def point_at(settings: Settings, view_id: int, folder: Path) -> None:
    engine = open_engine(settings.sql_url)
    camera = sa.select(tables.views.c.camera_id).where(tables.views.c.id == view_id).scalar_subquery()
    with writing(engine) as connection:
        source = {"source_kind": "replay", "source": str(folder), "credentials": None}
        connection.execute(sa.update(tables.cameras).where(tables.cameras.c.id == camera).values(source))
    engine.dispose()


def at(page: Page, share: tuple[float, float]) -> tuple[float, float]:
    box = page.locator("#zones-picture").bounding_box()
    assert box is not None
    return box["x"] + share[0] * box["width"], box["y"] + share[1] * box["height"]


def draw(page: Page, corners: tuple[tuple[float, float], ...]) -> None:
    page.click('[data-act="draw"]')
    for corner in corners[:-1]:
        page.mouse.click(*at(page, corner))
        page.wait_for_timeout(80)
    page.mouse.dblclick(*at(page, corners[-1]))


def zones_of(page: Page, view: str) -> list[dict[str, object]]:
    zones = page.request.get(f"/api/v1/views/{view}/zones").json()["zones"]
    assert isinstance(zones, list)
    return zones


def test_a_camera_is_added_probed_and_its_zones_are_drawn(page: Page, tmp_path: Path) -> None:
    folder = a_recording(tmp_path / "east-gate", frame_jpeg(7))
    page.click("text=添加摄像头")
    page.fill("#camera-name", "东门相机")
    page.fill("#site-name", "东门")
    page.fill("#community", "青禾社区")
    page.fill("#source", str(folder))
    page.click("button:has-text('登记并继续')")
    page.wait_for_url("**/cameras/14")
    page.click("button:has-text('测试连接')")
    expect(page.locator(".probe")).to_contain_text("1280 × 720", timeout=WORKS_WITHIN_MS)
    page.click("button:has-text('取一帧新画面')")
    expect(page.locator(".over-frame img")).to_be_visible(timeout=WORKS_WITHIN_MS)

    page.click(".setup-steps a:has-text('区域与遮挡')")
    page.wait_for_selector("[data-ready]")
    draw(page, CORNERS)
    row = page.locator(".zone-row")
    expect(row).to_have_count(1)
    row.locator("[data-name]").fill("南侧人行道")
    row.locator("[data-category='street_business']").check()
    row.locator("[data-act='add-hours']").click()
    page.locator(".kind", has_text="画面文字").click()
    page.click('[data-act="rectangle"]')
    page.keyboard.press("ArrowRight")
    expect(row).to_have_count(2)
    page.locator('[data-act="delete"]').nth(1).click()
    page.keyboard.press("Control+z")
    expect(row).to_have_count(2)
    page.click('[data-act="save"]')
    expect(page.locator("[data-status]")).to_contain_text("已保存")
    (zone,) = zones_of(page, "14")
    assert (zone["kind"], zone["name"], zone["categories"]) == ("pavement", "南侧人行道", ["street_business"])
    assert zone["permitted"][0]["from"] == "18:00:00"  # type: ignore[index]  # a JSON value
    assert zone["polygon"] == [pytest.approx(corner, abs=0.01) for corner in CORNERS]
    assert len(page.request.get("/api/v1/views/14/masks").json()["masks"]) == 1

    page.goto("/cameras/14")
    page.click("button:has-text('批准为基准')")
    expect(page.locator(".reference-list .badge")).to_have_text("已审批", timeout=WORKS_WITHIN_MS)


def test_a_source_that_cannot_be_read_is_told_plainly(page: Page, settings: Settings, tmp_path: Path) -> None:
    point_at(settings, 1, tmp_path / "nothing-here")
    page.goto("/cameras/1")
    page.click("button:has-text('测试连接')")
    expect(page.locator(".setup .notice.bad")).to_be_visible(timeout=WORKS_WITHIN_MS)


def test_a_moved_view_is_mended_with_its_zones(page: Page, settings: Settings, tmp_path: Path) -> None:
    old = frame_jpeg(MOVED_VIEW, size=(640, 360))
    point_at(settings, MOVED_VIEW, a_recording(tmp_path / "turned", turned(old)))
    zone = {"kind": "pavement", "name": "南侧", "polygon": [list(corner) for corner in CORNERS]}
    sent = page.request.put(
        f"/api/v1/views/{MOVED_VIEW}/zones", data={"zones": [zone]}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert sent.ok
    page.goto("/cameras")
    page.click("text=处理偏移")
    page.click(".choices button:has-text('取一帧新画面')")
    page.click("button:has-text('估算偏移'):enabled", timeout=WORKS_WITHIN_MS)
    page.click("text=核对移动后的区域", timeout=WORKS_WITHIN_MS)
    page.wait_for_selector("[data-ready]")
    page.locator(".zone-row").focus()
    page.keyboard.press("ArrowDown")  # a person corrects the estimate
    page.click('[data-act="save-approve"]')
    expect(page.locator("[data-status]")).to_contain_text("新基准")
    (kept,) = zones_of(page, str(MOVED_VIEW))
    first = kept["polygon"][0]  # type: ignore[index]  # a JSON value
    assert first == pytest.approx([CORNERS[0][0] + SHIFT[0], CORNERS[0][1] + SHIFT[1] + 0.01], abs=0.015)
    page.goto(f"/cameras/{MOVED_VIEW}")
    expect(page.locator(".reference-list .badge")).to_have_text("已审批", timeout=WORKS_WITHIN_MS)


def test_thresholds_are_tried_by_slider_and_then_bind(page: Page) -> None:
    page.goto("/cameras/1/thresholds")
    card = page.locator('.threshold[data-code="litter"]')
    expect(card.locator('[data-kept="sightings"]')).to_have_text("8")
    card.locator('[data-slider="fast"]').fill("0.56")
    expect(card.locator('[data-kept="sightings"]')).to_have_text("2")
    expect(page.locator(".tried-frames .lost")).to_have_count(6)
    page.click("button:has-text('生效')")
    page.wait_for_load_state()
    kept = page.request.get("/api/v1/views/1/thresholds").json()
    assert [(row["category"], row["threshold"]) for row in kept] == [("litter", 0.56)]


def test_a_list_is_tried_and_imported_without_leaving_the_page(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("名称,点位,视频地址\n一号,某处,rtsp://10.0.0.1/1\n二号,某处,ftp://x/1\n", encoding="utf-8")
    page.goto("/cameras/import")
    page.set_input_files("#file", str(path))
    page.click("button:has-text('试读')")
    expect(page.locator("#report")).to_contain_text("尚未入库")
    expect(page.locator("#report")).to_contain_text("ftp")
    page.click("button:has-text('导入好的行')")
    expect(page.locator("#report")).to_contain_text("导入结果")
    assert len(page.request.get("/api/v1/cameras?text=一号").json()["rows"]) == 1


def test_a_phone_sees_every_page_without_scrolling_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 740})
    for path in (
        "/cameras", "/cameras/new", "/cameras/import", "/cameras/repairs", "/cameras/1", "/cameras/12/moved",
        "/cameras/1/zones", "/cameras/1/thresholds", "/plans",
    ):  # fmt: skip
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == 375, path
