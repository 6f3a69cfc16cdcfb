"""A town that has been at work for three weeks, for pictures of the pages: the demo's drawn streets, and tickets in
every state of their lives, each brought there by the same steps as in the product.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import cv2
import sqlalchemy as sa
from sqlalchemy import Engine

from datasets.town_cast import CAST, CastCamera, Via
from datasets.town_scene import TownScene
from pipeline.adapters import tables
from pipeline.adapters.accounts import ensure_admin, ensure_person, hash_password
from pipeline.adapters.camera_lists import CameraRow
from pipeline.adapters.database import reading, writing
from pipeline.adapters.fleet import SqlFleet
from pipeline.adapters.images import LocalImages
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.camera import Zone, ZoneKind
from pipeline.domain.category import DEFAULT_CATEGORIES
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.finding import Finding, FindingState, Mark, Sight, Sighting
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Mode, Outcome, Visit
from pipeline.domain.photo import Complaint, ComplaintCode, Photo, PhotoState
from pipeline.domain.site import Position, Site, SiteKind, Tier
from pipeline.domain.ticket import HistoryEntry, Mover, Role, Status, Ticket
from pipeline.domain.verification import AfterLook, Opinion
from pipeline.ports import ImageKind, KeptImage
from pipeline.settings import Settings
from pipeline.steps import dispatch, handling, photos, review, verify
from tests.api.street import MODEL, OUTCOMES, WHYS, new_database, outlined_jpeg
from tests.learning import Learning

ADMIN, PASSWORD = "管理员", "correct horse battery"  # of a town that is thrown away
HANDLER, HANDLERS_UNIT = "王师傅", "环境卫生管理所"
REVIEWER = "李复核"
SHOWN_AT_S, CLEAN_AT_S = 300.0, 5.0
"""Seconds after the demo's start at which things lie about, and at which none do yet."""
DAYS = 21
ROUNDS = 14
ZONES = (
    Zone(ZoneKind.pavement, ((0.02, 0.99), (0.34, 0.52), (0.52, 0.52), (0.45, 0.99)), name="人行道"),
    Zone(ZoneKind.ignore, ((0.0, 0.0), (1.0, 0.0), (1.0, 0.3), (0.0, 0.3)), name="楼面"),
)


@dataclass(frozen=True, slots=True)
class Shot:
    """A view's picture, the same without what should not be there, and where that is."""

    plain: bytes
    clean: bytes
    things: tuple[tuple[str, Box], ...]


@dataclass
class Showcase:
    engine: Engine
    settings: Settings
    now: datetime

    def __post_init__(self) -> None:
        self.units = SqlUnitsOfWork(self.engine)
        self.images = LocalImages(self.settings.home / "images")
        self.chance = random.Random(7)
        self.shots: dict[int, Shot] = {}

    def build(self) -> None:
        """Some ten seconds: the streets are drawn."""
        cameras = [camera for camera in CAST if camera.via is not Via.nothing]
        self._people()
        fleet = SqlFleet(self.engine, lambda _credentials: b"sealed")
        fleet.import_cameras([_row(camera) for camera in cameras], {}, self.now - timedelta(days=DAYS))
        self.shots = {view: shot_of(camera) for view, camera in enumerate(cameras, 1)}
        with self.units.writing() as uow:
            uow.views.save_zones(1, ZONES)
        self._patrol()
        for place, (view, category, box) in zip(range(44), self._found(), strict=False):
            self._live(place, self._file(place, view, (category, box)), view)
        self._learn()

    def _learn(self) -> None:
        learning = Learning(self.engine, self.settings.home, self.now)
        learning.build()
        learning.train_on()
        with reading(self.engine) as connection:
            numbers = list(connection.scalars(sa.select(tables.tickets.c.number).limit(11)))
        for view in (1, 2):
            learning.propose_threshold(numbers, 0.42, view)

    def _people(self) -> None:
        hashed = hash_password(PASSWORD)
        roles = {REVIEWER: Role.reviewer, "赵派遣": Role.dispatcher, HANDLER: Role.handler, "周镇长": Role.viewer}
        with writing(self.engine) as connection:
            ensure_admin(connection, ADMIN, hashed, self.now - timedelta(days=DAYS))
            for name, role in roles.items():
                ensure_person(connection, name, role, hashed, self.now - timedelta(days=DAYS - 1))
            unit = sa.update(tables.people).where(tables.people.c.name == HANDLER)
            connection.execute(unit.values(unit=HANDLERS_UNIT))

    def _keep(self, view: int, jpeg: bytes, kind: ImageKind, at: datetime) -> str:
        digest = self.images.put(jpeg, kind)
        with self.units.writing() as uow:
            uow.keep_images([KeptImage(digest, kind, view, len(jpeg), at)])
        return digest

    def _patrol(self) -> None:
        last = {view: self._keep(view, shot.plain, ImageKind.last, self.now) for view, shot in self.shots.items()}
        for place in range(ROUNDS):
            begun = self.now - timedelta(minutes=5 * (ROUNDS - place))
            columns = {
                "id": place + 1, "plan": "core", "started_at": begun, "planned": len(last), "view_ids": list(last),
                "finished_at": begun + timedelta(seconds=41 + place), "findings_opened": place % 3,
            }  # fmt: skip
            with writing(self.engine) as connection:
                connection.execute(sa.insert(tables.rounds).values(columns))
            with self.units.writing() as uow:
                uow.visits.add([_visit(place, view, begun, last[view]) for view in last])

    def _found(self) -> Iterator[tuple[int, str, Box]]:
        """Things of the shots, over and over: some places see more than others."""
        known = [(view, name, box) for view, shot in self.shots.items() for name, box in shot.things]
        for turn in count():
            yield known[(turn * 5 + turn // len(known)) % len(known)]

    def _file(self, place: int, view: int, thing: tuple[str, Box]) -> Ticket:
        """One that awaits review since some hours or days: the later its place, the older."""
        category = next(one for one in DEFAULT_CATEGORIES if one.code == thing[0])
        age = timedelta(minutes=9 + 21 * place) if place < 12 else timedelta(days=(place - 11) * DAYS / 34)
        at, box = self.now - age, thing[1]
        plain = self._keep(view, _numbered(self.shots[view].plain, place), ImageKind.evidence, at)
        outlined = self._keep(view, outlined_jpeg(self.images.get(plain), box), ImageKind.evidence, at)
        finding = Finding(
            f"f{place:04d}", view, category.code, box, bytes(range(64)), self.chance.uniform(0.55, 0.93),
            FindingState.open, at - timedelta(minutes=9), at, at - timedelta(minutes=14), (Mark.seen,) * 3,
            frozenset({Sight(Mode.day, Pass.fast)}), False, box.area, opened_at=at,
        )  # fmt: skip
        with self.units.writing() as uow:
            uow.findings.save([finding])
            day = at.astimezone(self.settings.town_zone).strftime("%Y%m%d")
            number = f"XJ-{day}-{uow.tickets.next_number(day):04d}"
            site = CAST_SITES[view - 1]
            ticket = Ticket(
                number, finding.id, view, category.code, category.kind, site.name, site.responsible_unit,
                Status.awaiting_review, at, recurring=place % 9 == 8,
            )  # fmt: skip
            uow.tickets.add(ticket, HistoryEntry(number, at, "patrol", "filed_for_review"))
            uow.tickets.attach(number, {"plain": plain, "outlined": outlined}, at)
            uow.findings.add_sightings(
                [
                    Sighting(finding.id, nth + 1, 1, at - timedelta(minutes=9 - 3 * nth), _seen(finding), plain)
                    for nth in range(4)
                ]
            )
        return ticket

    def _live(self, place: int, ticket: Ticket, view: int) -> None:
        """As far as its turn: every state occurs, the old ones have ended."""
        if place < 9:
            return
        clock = _Clock(ticket.created_at + timedelta(minutes=12), self.chance)
        number, zone = ticket.number, self.settings.town_zone
        if place % 6 == 5:
            reason = ("wet_ground", "shadow", "legal_sign", "licensed_stall")[place % 4]
            with self.units.reading() as uow:
                reason = reason if reason in uow.reasons() else next(iter(uow.reasons()))
            review.dismiss(self.units, number, reason, REVIEWER, Role.reviewer, clock.next())
            return
        review.confirm(self.units, number, REVIEWER, Role.reviewer, clock.next())
        sent = Mover("赵派遣", Role.dispatcher, clock.next())
        chosen = (HANDLERS_UNIT,) if place % 2 or place == 12 else ()
        unit = dispatch.dispatch(self.units, number, chosen, sent, zone).units[0]
        turn = place % 8 if place < 20 else 7
        if turn == 1:
            return
        handling.accept(self.units, number, Mover(HANDLER, Role.handler, clock.next(), unit))
        if turn == 2:
            dispatch.suspend(self.units, number, "等待产权单位确认", replace(sent, at=clock.next()), zone)
        if turn in (2, 4):
            return
        self._put_right(number, view, unit, clock)
        if turn in (3, 6):
            return
        verify.verify(self.units, number, "", replace(sent, at=clock.next()))
        if turn != 5:
            verify.close(self.units, number, replace(sent, at=clock.next()))

    def _put_right(self, number: str, view: int, unit: str, clock: "_Clock") -> None:
        """With a photo, in words, and then seen by the same view."""
        self._photograph(number, view, clock.at)
        by = Mover(HANDLER, Role.handler, clock.next(), unit)
        handling.rectify(self.units, number, "已清理干净，路面已冲洗", by, self.settings.town_zone)
        at = clock.next()
        clean = self._keep(view, self.shots[view].clean, ImageKind.evidence, at)
        verify.take_look(self.units, AfterLook(number, at, Outcome.seen, Opinion.gone, clean, None, MODEL))

    def _photograph(self, number: str, view: int, at: datetime) -> None:
        jpeg = _close_up(self.shots[view].clean)
        photo_id = f"{self.chance.getrandbits(128):032x}"
        far = self.chance.random() < 0.3
        complaints = (Complaint(ComplaintCode.far, 820.0),) if far else ()
        photo = Photo(
            photo_id, number, "IMG_0042.jpg", len(jpeg), "0" * 64, HANDLER, at, PhotoState.received, taken_at=at,
            distance_m=820.0 if far else 14.0, complaints=complaints,
        )  # fmt: skip
        with self.units.writing() as uow:
            uow.photos.add(photo)
        digest = self.images.put(jpeg, ImageKind.evidence)
        photos.show(self.units, photo, KeptImage(digest, ImageKind.evidence, view, len(jpeg), at), at)


class _Clock:
    """People take their time."""

    def __init__(self, at: datetime, chance: random.Random) -> None:
        self.at = at
        self._chance = chance

    def next(self) -> datetime:
        self.at += timedelta(minutes=self._chance.uniform(3, 40))
        return self.at


def build_showcase(home: Path, now: datetime, settings: Settings) -> None:
    """Into an empty folder."""
    home.mkdir(parents=True, exist_ok=True)
    engine = new_database(settings)
    Showcase(engine, settings, now).build()
    engine.dispose()


def shot_of(camera: CastCamera) -> Shot:
    scene = TownScene(camera.street, camera.script, START_OF_DAY, 1280)
    shown, clean = (START_OF_DAY + timedelta(seconds=seconds) for seconds in (SHOWN_AT_S, CLEAN_AT_S))
    known = {category.code for category in DEFAULT_CATEGORIES}
    things = tuple((name, box) for name, box in scene.labels(shown) if name in known)
    return Shot(_jpeg(scene.frame(shown)), _jpeg(scene.frame(clean)), things)


def _jpeg(picture: cv2.typing.MatLike) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 84])[1].tobytes()


def _numbered(jpeg: bytes, number: int) -> bytes:
    """The same picture under another digest: each ticket has its own evidence."""
    note = f"ticket {number}".encode()
    return jpeg[:2] + b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note + jpeg[2:]


def _close_up(jpeg: bytes) -> bytes:
    """Upright, as a phone takes it."""
    import numpy as np  # noqa: PLC0415

    whole = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert whole is not None
    return _jpeg(whole[120:720, 400:850])


def _site(camera: CastCamera) -> Site:
    place = camera.place
    units = {Tier.leader: place.leader, Tier.department: place.department, Tier.community: place.community}
    position = Position(place.latitude, place.longitude)
    return Site(place.site, SiteKind(place.site_kind), place.key_point, place.core_zone, place.address, position, units)


def _row(camera: CastCamera) -> CameraRow:
    return CameraRow(camera.place.name, _site(camera), f"rtsp://10.20.0.{20 + len(camera.code)}/{camera.code}", None)


def _seen(finding: Finding) -> Detection:
    return Detection(finding.box, finding.category, finding.score, Pass.fast, MODEL)


def _visit(place: int, view: int, begun: datetime, image: str) -> Visit:
    outcome = OUTCOMES[(view + place // 5 * 5) % len(OUTCOMES)]
    fault, why = WHYS.get(outcome, (None, ""))
    good = outcome in (Outcome.seen, Outcome.unchanged)
    at = begun + timedelta(seconds=view)
    passes = frozenset({Pass.fast}) if outcome is Outcome.seen else frozenset[Pass]()
    return Visit(
        place + 1, view, 1, outcome, at, at if good else None, passes, Mode.day if good else None, fault, why,
        0.014 if passes else 0.0, 1 if passes else 0, moved_in_a_row=3 if outcome is Outcome.moved else 0,
        image=image if good or place == 0 else None, skew_s=0.4 if good else None,
    )  # fmt: skip


START_OF_DAY = datetime.fromisoformat("2026-11-23T02:00:00+00:00")
CAST_SITES = tuple(_site(camera) for camera in CAST if camera.via is not Via.nothing)
