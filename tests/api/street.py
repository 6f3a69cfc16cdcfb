"""A small town in a real database, with drawn frames in a real image store: for tests and for screenshots."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import sqlalchemy as sa
from PIL import Image, ImageDraw, ImageFilter
from pydantic import SecretStr
from sqlalchemy import Connection, Engine

from pipeline.adapters import tables
from pipeline.adapters.database import open_engine, upgrade, writing
from pipeline.adapters.images import LocalImages
from pipeline.adapters.seed import seed
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.category import DEFAULT_CATEGORIES
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.finding import Finding, FindingState, Mark, Sight, Sighting
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Mode, Outcome, Visit
from pipeline.domain.ticket import HistoryEntry, Status, Ticket
from pipeline.ports import ImageKind, KeptImage
from pipeline.settings import Settings

SEALED = b"sealed-camera-password"
MODEL = "4f1e3a9c0b7d" + "0" * 52
SITES = (
    ("人民路口", "crossing", True), ("青禾农贸市场", "shop", True), ("滨河小区东门", "compound", False),
    ("站前大道", "main_road", True), ("老街北巷", "back_street", False), ("新城工地南围挡", "construction_site", False),
)  # fmt: skip
UNITS = (("青禾镇分管领导", 1), ("城市管理办", 2), ("青禾社区", 3), ("滨河社区", 3))
OUTCOMES = (
    Outcome.seen, Outcome.unchanged, Outcome.unchanged, Outcome.seen, Outcome.unreachable, Outcome.unchanged,
    Outcome.stale, Outcome.seen, Outcome.unchanged, Outcome.blinded, Outcome.unchanged, Outcome.moved,
)  # fmt: skip
WHYS = {
    Outcome.unreachable: ("timeout", "no first frame within 5 s"),
    Outcome.stale: (None, "the clock runs over a frozen scene"),
    Outcome.blinded: (None, "mean grey 6"),
    Outcome.moved: (None, "12% of the reference is found again"),
}


def settings_of(home: Path) -> Settings:
    return Settings(home=home, session_key=SecretStr("k" * 40))


def new_database(settings: Settings) -> Engine:
    engine = open_engine(settings.sql_url)
    upgrade(engine)
    with writing(engine) as connection:
        seed(connection)
    return engine


def frame_jpeg(variant: int, box: Box | None = None, size: tuple[int, int] = (1280, 720), blur: bool = False) -> bytes:
    """A drawn street; `box` holds some litter."""
    chance = random.Random(variant)
    width, height = size
    shade = 150 + chance.randrange(60)
    image = Image.new("RGB", size, (shade, shade + 12, shade + 28))
    draw = ImageDraw.Draw(image)
    horizon = int(height * 0.42)
    for place in range(9):
        left = place * width // 9 + chance.randrange(-20, 20)
        tone = chance.randrange(90, 175)
        top = int(height * chance.uniform(0.05, 0.25))
        draw.rectangle((left, top, left + width // 8, horizon + 20), fill=(tone, tone - 8, tone - 20))
        for row in range(top + 16, horizon - 6, 34):
            for column in range(left + 12, left + width // 8 - 22, 34):
                draw.rectangle((column, row, column + 16, row + 20), fill=(60, 76, 92))
    draw.rectangle((0, horizon, width, height), fill=(112, 112, 112))
    draw.polygon([(0, height), (0, horizon + 60), (width * 0.3, horizon), (width * 0.1, height)], fill=(166, 160, 150))
    draw.polygon(
        [(width, height), (width * 0.62, horizon), (width * 0.7, horizon), (width, horizon + 80)], fill=(166, 160, 150)
    )
    for step in range(6):
        y = horizon + 20 + step * step * 12
        draw.rectangle((width // 2 - 4 - step, y, width // 2 + 4 + step, y + 12 + step * 4), fill=(225, 225, 215))
    if box is not None:
        _draw_litter(draw, box, size, chance)
    image = image.filter(ImageFilter.GaussianBlur(9 if blur else 0.7))
    written = BytesIO()
    image.save(written, "JPEG", quality=82)
    return written.getvalue()


def _draw_litter(draw: ImageDraw.ImageDraw, box: Box, size: tuple[int, int], chance: random.Random) -> None:
    for _ in range(14):
        x = chance.uniform(box.left, box.right - box.width * 0.3) * size[0]
        y = chance.uniform(box.top, box.bottom - box.height * 0.3) * size[1]
        across, down = (
            box.width * size[0] * chance.uniform(0.15, 0.35),
            box.height * size[1] * chance.uniform(0.15, 0.35),
        )
        colour = chance.choice(((235, 235, 230), (40, 90, 160), (190, 50, 40), (70, 120, 60), (30, 30, 34)))
        draw.ellipse((x, y, x + across, y + down), fill=colour)


def outlined_jpeg(jpeg: bytes, box: Box) -> bytes:
    image = Image.open(BytesIO(jpeg))
    width, height = image.size
    ImageDraw.Draw(image).rectangle(
        (box.left * width, box.top * height, box.right * width, box.bottom * height), outline=(255, 196, 0), width=5
    )
    written = BytesIO()
    image.save(written, "JPEG", quality=82)
    return written.getvalue()


def build_town(engine: Engine, settings: Settings, now: datetime, tickets: int = 14) -> None:
    images = LocalImages(settings.home / "images")
    with writing(engine) as connection:
        _places(connection, now)
    _patrol(engine, images, now)
    for place in range(tickets):
        add_ticket(engine, images, place, now - timedelta(minutes=7 + 23 * place))


def _places(connection: Connection, now: datetime) -> None:
    connection.execute(sa.insert(tables.units), [{"name": name, "tier": tier} for name, tier in UNITS])
    connection.execute(
        sa.insert(tables.sites),
        [
            {"name": name, "kind": kind, "key_point": core, "core_zone": core, "address": "青禾镇", "latitude": 30.25, "longitude": 120.16}  # noqa: E501
            for name, kind, core in SITES
        ],
    )  # fmt: skip
    cameras = [
        {"site_id": 1 + place % len(SITES), "name": f"{SITES[place % len(SITES)][0]} {1 + place // len(SITES)}号",
         "source_kind": "rtsp", "source": f"rtsp://10.20.0.{10 + place}/stream1", "credentials": SEALED,
         "active": True, "created_at": now}
        for place in range(13)
    ]  # fmt: skip
    connection.execute(sa.insert(tables.cameras), cameras)
    views = [
        {"camera_id": place + 1, "name": f"{camera['name']}", "preset": 0, "active": True}
        for place, camera in enumerate(cameras)
    ]
    connection.execute(sa.insert(tables.views), views)


def _patrol(engine: Engine, images: LocalImages, now: datetime, rounds: int = 12) -> None:
    """Views 1 to 12 are visited in each round; view 13 never."""
    last = {view: images.put(frame_jpeg(view, size=(640, 360)), ImageKind.last) for view in range(1, 13)}
    for place in range(rounds):
        begun = now - timedelta(minutes=5 * (rounds - place))
        columns = {
            "id": place + 1, "plan": "core", "started_at": begun, "planned": 13, "view_ids": list(range(1, 14)),
            "finished_at": begun + timedelta(seconds=48 + place) if place < rounds - 1 else None,
            "findings_opened": place % 3,
        }  # fmt: skip
        with writing(engine) as connection:
            connection.execute(sa.insert(tables.rounds).values(columns))
        with SqlUnitsOfWork(engine).writing() as uow:
            uow.visits.add([_visit(place + 1, view, begun, place, last[view]) for view in range(1, 13)])
            kept = [KeptImage(last[view], ImageKind.last, view, 30_000, begun) for view in last]
            uow.keep_images(kept)
            uow.bump("rounds")


def _visit(round_id: int, view: int, begun: datetime, place: int, image: str) -> Visit:
    outcome = OUTCOMES[(view + place // 4 * 5) % len(OUTCOMES)] if place < 8 else OUTCOMES[view - 1]
    fault, why = WHYS.get(outcome, (None, ""))
    good = outcome in (Outcome.seen, Outcome.unchanged)
    return Visit(
        round_id, view, 1, outcome, begun + timedelta(seconds=view), begun + timedelta(seconds=view) if good else None,
        frozenset({Pass.fast}) if outcome is Outcome.seen else frozenset(), Mode.day if good else None, fault, why,
        0.0142 if outcome is Outcome.seen else 0.0, 1 if outcome is Outcome.seen else 0,
        image=image if good else None, skew_s=0.4 if good else None,
    )  # fmt: skip


def add_ticket(engine: Engine, images: LocalImages, place: int, at: datetime) -> str:
    """A ticket that awaits review, with its images and the sightings that led to it; its number."""
    category = DEFAULT_CATEGORIES[place % len(DEFAULT_CATEGORIES)]
    view = 1 + place % 12
    box = Box(0.2 + 0.05 * (place % 7), 0.62, 0.34 + 0.05 * (place % 7), 0.84)
    plain = images.put(frame_jpeg(view, box), ImageKind.evidence)
    outlined = images.put(outlined_jpeg(images.get(plain), box), ImageKind.evidence)
    finding = Finding(
        f"f{place:04d}", view, category.code, box, bytes(range(64)), 0.58 + 0.03 * (place % 12), FindingState.open,
        at - timedelta(minutes=11), at, at - timedelta(minutes=16), (Mark.seen,) * 3,
        frozenset({Sight(Mode.day, Pass.fast)}), False, box.area, opened_at=at,
    )  # fmt: skip
    site = SITES[(view - 1) % len(SITES)][0]
    with SqlUnitsOfWork(engine).writing() as uow:
        uow.findings.save([finding])
        number = f"XJ-20261123-{uow.tickets.next_number('20261123'):04d}"
        unit = None if place % 5 == 4 else UNITS[2 + place % 2][0]
        ticket = Ticket(
            number, finding.id, view, category.code, category.kind, site, unit, Status.awaiting_review, at,
            recurring=place % 6 == 5,
        )  # fmt: skip
        uow.tickets.add(ticket, HistoryEntry(number, at, "patrol", "filed_for_review"))
        uow.tickets.attach(number, {"plain": plain, "outlined": outlined}, at)
        evidence = [KeptImage(digest, ImageKind.evidence, view, 90_000, at) for digest in (plain, outlined)]
        uow.keep_images(evidence)
        uow.findings.add_sightings([_sighting(finding, nth, at, plain) for nth in range(4)])
        uow.bump("tickets")
    return number


def _sighting(finding: Finding, nth: int, at: datetime, image: str) -> Sighting:
    box = replace(finding.box, left=finding.box.left + 0.004 * nth)
    score = max(0.46, finding.score - 0.03 * (3 - nth))
    detection = Detection(box, finding.category, score, Pass.fast, MODEL)
    return Sighting(finding.id, nth + 1, 1, at - timedelta(minutes=11 - 3 * nth), detection, image)
