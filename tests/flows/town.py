"""A small installation on real HTTP cameras for the tests of whole rounds."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import sqlalchemy as sa

from flows.wiring import ROOT, Town, open_town, set_up_database
from pipeline.adapters.addresses import split_credentials
from pipeline.adapters.camera_lists import CameraRow
from pipeline.adapters.database import reading
from pipeline.adapters.secrets import new_key
from pipeline.domain.site import Site, SiteKind, Tier
from pipeline.settings import load_settings
from tests.builders import START
from tests.soundness import complaints
from tests.street_servers import LOOPBACK, Page, snapshot, street_picture

PAINT = (255, 0, 255)
PATCH_PX = 44
SLOTS = ((120, 60), (300, 60), (480, 60), (120, 180), (300, 180), (480, 180))
"""Where things may lie in a picture of 640×360, too far apart to be one."""
RARE_PLAN, ONCE_A_YEAR = "new-year", "0 0 1 1 *"
SECRET = "secret-word-77"


def painted_jpeg(slots: frozenset[int], step: int = 0) -> bytes:
    """A street with magenta things in these slots."""
    picture = street_picture(step)
    for slot in slots:
        x, y = SLOTS[slot]
        cv2.rectangle(picture, (x, y), (x + PATCH_PX, y + PATCH_PX), PAINT, -1)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def make_home(home: Path, **settings: str) -> Path:
    """Keys and settings as `./patrol init` writes them, without a model; then `settings` by name."""
    home.mkdir(parents=True, exist_ok=True)
    lines = {"SECRET_KEYS": new_key(), "SESSION_KEY": "0" * 43, "PREFECT_AUTH": "patrol:test-auth"} | settings
    text = "".join(f"STREETPATROL_{name}={value}\n" for name, value in lines.items())
    (home / "settings.env").write_text(text, encoding="utf-8")
    with open_town(load_settings(home)) as town:
        set_up_database(town)
    return home


def camera_row(number: int, source: str) -> CameraRow:
    source, credentials = split_credentials(source)
    site = Site(f"点位{number}", SiteKind.main_road, False, True, "", None, {Tier.community: "青禾社区"})
    return CameraRow(f"相机{number}", site, source, credentials)


def add_cameras(home: Path, sources: list[str]) -> None:
    rows = [camera_row(number, source) for number, source in enumerate(sources, 1)]
    with open_town(load_settings(home)) as town:
        town.fleet.import_cameras(rows, {}, START)


@dataclass
class PaintedStreet:
    """The pages of an HTTP server, one a camera; what lies where can be changed while it serves."""

    cameras: int
    served: dict[str, Page] = field(default_factory=dict)

    def show(self, things: dict[int, frozenset[int]], step: int = 0) -> None:
        """`things`: slots by camera. Cameras with an odd number stand still, the others show traffic."""
        for camera in range(1, self.cameras + 1):
            jpeg = painted_jpeg(things.get(camera, frozenset()), step if camera % 2 == 0 else 0)
            self.served[f"/{camera}.jpg"] = snapshot(jpeg)

    def addresses(self, port: int) -> list[str]:
        return [f"http://{LOOPBACK}:{port}/{camera}.jpg" for camera in range(1, self.cameras + 1)]


class PatrolProcess:
    """Starts patrols in processes of their own; see tests/flows/patrol_process.py."""

    def __init__(self, home: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "tests.flows.patrol_process", str(home)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
        )
        assert self._line() == "waiting"

    def order(self, order: str) -> int:
        """Gives the patrol's process number once it is at work."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()
        number, ready = 0, False
        while not (number and ready):
            line = self._line()
            number = int(line.split()[1]) if line.startswith("started") else number
            ready = ready or line == "ready" or line.startswith("refused")
        return number

    def ended(self) -> tuple[int, list[str]]:
        """Exit code of the patrol, and what it said."""
        said: list[str] = []
        while not (line := self._line()).startswith("ended"):
            said.append(line)
        return int(line.split()[1]), said

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process that starts patrols has ended"
        return line.strip()

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


@contextmanager
def patrol_process(home: Path) -> Iterator[PatrolProcess]:
    process = PatrolProcess(home)
    try:
        yield process
    finally:
        process.close()


def town_complaints(town: Town) -> list[str]:
    return complaints(town.engine, town.images, town.prints)


def count_of(town: Town, table: sa.Table) -> int:
    with reading(town.engine) as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)
