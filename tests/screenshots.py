"""Photograph every page: python -m tests.screenshots FOLDER [--only tickets] [--singles]

A town that has been at work for three weeks is built and served (tests/showcase.py). Each page becomes one picture:
Chinese and light, English and dark, on a desk and on a phone. Needs Debian's chromium.
With --url, --name and PATROL_PASSWORD the pages of a running server are taken instead.
"""

import argparse
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

FLAGS = [
    "--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDE, PHONE = (1440, 900), (375, 760)
KINDS = (("zh", "light", WIDE), ("en", "dark", WIDE), ("zh", "dark", PHONE), ("en", "light", PHONE))
LARGEST_BYTES = 150_000
SHOWN_HEIGHT, GAP = 500, 12
COLOURS = (160, 96)
VIVID_COLOURS = 32
"""Of their own, or small red badges and yellow boxes would turn grey among so much street."""
VIVID_FROM = (140, 110)
"""Saturation and brightness, 0 to 255."""
SMALLER = 0.85


@dataclass(frozen=True, slots=True)
class Place:
    """A page: its address, or where the first link to one is; `handler`: as a unit's account sees it."""

    name: str
    address: str
    link: str = ""
    rest: str = ""
    handler: bool = False


PAGES = (
    Place("login", "/login"),
    Place("desk", "/desk"),
    Place("desk-quality", "/desk/quality"),
    Place("tickets", "/tickets"),
    Place("ticket-awaiting", "/tickets?status=awaiting_review", ".ticket h3 a"),
    Place("ticket-rectified", "/tickets?status=rectified", ".ticket h3 a"),
    Place("work", "/work", handler=True),
    Place("work-ticket", "/tickets?status=in_progress", ".ticket h3 a", "work", handler=True),
    Place("rules", "/rules"),
    Place("rounds", "/rounds"),
    Place("views", "/views"),
    Place("view", "/views", ".view h3 a"),
    Place("cameras", "/cameras"),
    Place("camera", "/cameras/1"),
    Place("zones", "/cameras/1/zones"),
    Place("thresholds", "/cameras/1/thresholds"),
    Place("plans", "/plans"),
    Place("suppressions", "/suppressions"),
    Place("figures", "/figures"),
    Place("models", "/models"),
    Place("model", "/models/versions/c0ffee123456"),
    Place("model-thresholds", "/models/thresholds?state=waiting"),
    Place("model-shadow", "/models/shadow"),
    Place("model-history", "/models/history"),
    Place("calendar", "/calendar"),
    Place("deadlines", "/calendar/deadlines"),
    Place("people", "/people"),
    Place("about", "/about"),
    Place("design", "/design"),
)


def main() -> int:
    asked = _asked()
    asked.folder.mkdir(parents=True, exist_ok=True)
    wanted = [place for place in PAGES if not asked.only or place.name in asked.only]
    complaints: list[str] = []
    with ExitStack() as stack:
        address, names, password = stack.enter_context(_server(asked))
        player = stack.enter_context(sync_playwright())
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        cameras = [Photographer(browser, address, kind, complaints) for kind in KINDS]
        for place in wanted:
            account = (names[1] if place.handler else names[0], password)
            _write(asked, place.name, [camera.photograph(place, account) for camera in cameras])
        browser.close()
    for complaint in complaints:
        sys.stderr.write(f"{complaint}\n")
    return 1 if complaints else 0


def _write(asked: argparse.Namespace, name: str, taken: list[bytes]) -> None:
    if not asked.singles:
        (asked.folder / f"{name}.png").write_bytes(side_by_side(taken))
        return
    for (language, theme, size), png in zip(KINDS, taken, strict=True):
        width = "phone" if size == PHONE else "wide"
        (asked.folder / f"{name}-{language}-{theme}-{width}.png").write_bytes(png)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", action="append", choices=[place.name for place in PAGES])
    parser.add_argument("--singles", action="store_true", help="each shot as a file of its own, in full")
    parser.add_argument("--url", default="")
    parser.add_argument("--name", default="")
    parser.add_argument("--handler", default="", help="another account, of a unit")
    return parser.parse_args()


@contextmanager
def _server(asked: argparse.Namespace) -> Iterator[tuple[str, tuple[str, str], str]]:
    """Address, names of an admin and of a handler, their password."""
    if asked.url:
        yield asked.url, (asked.name, asked.handler or asked.name), os.environ["PATROL_PASSWORD"]
        return
    from tests.api.browsing import served  # noqa: PLC0415  # these import this module's flags
    from tests.api.street import settings_of  # noqa: PLC0415
    from tests.showcase import ADMIN, HANDLER, PASSWORD, build_showcase  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of(Path(folder))
        build_showcase(Path(folder), datetime.now(UTC), settings)
        with served(settings) as address:
            yield address, (ADMIN, HANDLER), PASSWORD


class Photographer:
    """Takes pages in one language, theme and size, and notes what is wrong with them."""

    def __init__(
        self, browser: Browser, address: str, kind: tuple[str, str, tuple[int, int]], complaints: list[str]
    ) -> None:
        self._browser = browser
        self._address = address
        self._language, self._theme, self._size = kind
        self._complaints = complaints
        self._pages: dict[str, Page] = {}

    def photograph(self, place: Place, account: tuple[str, str]) -> bytes:
        page = self._stranger() if place.address == "/login" else self._logged_in(*account)
        page.goto(place.address)
        page.wait_for_load_state("networkidle")
        if place.link:
            first = page.locator(place.link).first
            if not first.count():
                self._complaints.append(f"{place.name}: nothing to open at {place.address}")
                return page.screenshot()
            address = str(first.get_attribute("href"))
            page.goto(address.replace("/tickets/", f"/{place.rest}/") if place.rest else address)
            page.wait_for_load_state("networkidle")
        page.wait_for_timeout(350)
        too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if too_wide > 0:
            width = self._size[0]
            self._complaints.append(f"{place.name} {self._language} {width}: {too_wide} px wider than the window")
        taken = page.screenshot()
        page.goto("about:blank")  # the desk gives back what was leased to it
        return taken

    def _stranger(self) -> Page:
        return self._dressed(self._context().new_page())

    def _logged_in(self, name: str, password: str) -> Page:
        if name not in self._pages:
            page = self._stranger()
            page.fill("#name", name)
            page.fill("#password", password)
            page.press("#password", "Enter")
            page.wait_for_url(lambda url: "/login" not in url)
            self._pages[name] = page
        return self._pages[name]

    def _context(self) -> BrowserContext:
        width, height = self._size
        return self._browser.new_context(viewport={"width": width, "height": height}, base_url=self._address)

    def _dressed(self, page: Page) -> Page:
        page.on("console", self._note)
        page.on("pageerror", lambda error: self._complaints.append(str(error)))
        page.goto(f"/login?lang={self._language}")
        page.goto(f"/login?theme={self._theme}")
        return page

    def _note(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self._complaints.append(f"console: {said.text}")


def side_by_side(shots: list[bytes]) -> bytes:
    """One PNG of few colours, small enough to be kept beside the code."""
    pictures = [Image.open(io.BytesIO(png)).convert("RGB") for png in shots]
    height = SHOWN_HEIGHT
    while True:
        whole = _joined(pictures, height)
        for colours in COLOURS:
            written = io.BytesIO()
            _of_few_colours(whole, colours).save(written, "PNG", optimize=True)
            if written.tell() <= LARGEST_BYTES:
                return written.getvalue()
        height = round(height * SMALLER)


def _of_few_colours(whole: Image.Image, colours: int) -> Image.Image:
    """`whole` in a palette of `colours`, and some more for what is small and vivid."""
    shades = np.asarray(whole.convert("HSV"))
    vivid = np.asarray(whole)[(shades[..., 1] > VIVID_FROM[0]) & (shades[..., 2] > VIVID_FROM[1])]
    palette = _palette(whole, colours)
    if len(vivid):
        each = np.unique(vivid // 4 * 4, axis=0).astype(np.uint8)
        palette += _palette(Image.fromarray(each[np.newaxis]), VIVID_COLOURS)
    holder = Image.new("P", (1, 1))
    holder.putpalette(palette)
    return whole.quantize(palette=holder, dither=Image.Dither.NONE)


def _palette(picture: Image.Image, colours: int) -> list[int]:
    return (picture.quantize(colours, dither=Image.Dither.NONE).getpalette() or [])[: 3 * colours]


def _joined(pictures: list[Image.Image], height: int) -> Image.Image:
    small = [picture.resize((round(picture.width * height / picture.height), height)) for picture in pictures]
    width = sum(picture.width for picture in small) + GAP * (len(small) - 1)
    whole = Image.new("RGB", (width, height), (128, 136, 144))
    left = 0
    for picture in small:
        whole.paste(picture, (left, 0))
        left += picture.width + GAP
    return whole


if __name__ == "__main__":
    sys.exit(main())
