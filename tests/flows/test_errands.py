"""What pages ask of the worker: taken in order, taken again after a kill, answered or failed in one clear line."""

import io
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import pytest
import sqlalchemy as sa
from PIL import ExifTags, Image

from flows import errand_world, errands
from flows.errand_world import ErrandWorld
from flows.wiring import Town, open_town
from pipeline.adapters import tables
from pipeline.adapters.database import writing
from pipeline.adapters.gauge import Gauge
from pipeline.adapters.memories import SqlViewMemories
from pipeline.adapters.photos import PhotoInbox
from pipeline.adapters.redactor import HeadAndPlateRedactor
from pipeline.domain.errand import MOST_TRIES, TAKEN_FOR, Errand, ErrandState
from pipeline.domain.errors import BadInput, StoreFailed
from pipeline.domain.finding import Finding, FindingState
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Mode, Outcome
from pipeline.domain.photo import FAR_M, ComplaintCode, Photo, PhotoState
from pipeline.domain.ticket import HistoryEntry, Status, Ticket
from pipeline.domain.verification import Opinion
from pipeline.settings import load_settings
from pipeline.steps import photos
from pipeline.steps.world import World
from tests.builders import LITTER, a_finding
from tests.fakes import PaintDetector, SteppedClock
from tests.flows.town import PATCH_PX, SECRET, SLOTS, add_cameras, make_home, painted_jpeg
from tests.street_servers import LOOPBACK, TcpServer, pages, snapshot

NUMBER = "XJ-20261123-0001"
THING = 1
"""The slot in which the ticket's litter lies."""
SITE = (30.2741, 120.1551)
"""Of 点位1."""


@pytest.fixture
def served() -> Iterator[tuple[dict[str, object], int]]:
    street = {"/1.jpg": snapshot(painted_jpeg(frozenset({THING})))}
    with TcpServer(pages(street)) as server:
        yield street, server.port  # type: ignore[misc]  # one page is enough here


@pytest.fixture
def town(tmp_path: Path, blank_database: Path, served: tuple[dict[str, object], int]) -> Iterator[Town]:
    """One camera over HTTP, whose site is known; the clock stands still."""
    (tmp_path / "home").mkdir()
    shutil.copy(blank_database, tmp_path / "home" / "streetpatrol.db")
    home = make_home(tmp_path / "home")
    add_cameras(home, [f"http://{LOOPBACK}:{served[1]}/1.jpg"])
    with open_town(load_settings(home)) as opened:
        with writing(opened.engine) as connection:
            connection.execute(sa.update(tables.sites).values(latitude=SITE[0], longitude=SITE[1]))
        yield replace(opened, clock=SteppedClock())  # type: ignore[arg-type]  # a clock like the real one


@pytest.fixture(autouse=True)
def painted_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """The world of a worker with a detector that finds paint; cameras, gauge, redactor and stores are the real ones."""

    def world(means: ErrandWorld) -> World:
        town = means._town
        return World(
            source=means.cameras,
            gauge=Gauge(),
            detector=PaintDetector(),
            redactor=HeadAndPlateRedactor(),
            images=town.images,
            memories=SqlViewMemories(town.engine, town.prints),
            units=town.units,
            clock=town.clock,
            new_id=lambda: "new",
        )

    monkeypatch.setattr(errand_world.ErrandWorld, "world", world)


def ask(town: Town, kind: str, subject: str = "1", payload: Mapping[str, object] | None = None) -> int:
    with town.units.writing() as uow:
        return uow.errands.ask(kind, subject, payload or {}, "王", town.clock.now())


def errand(town: Town, errand_id: int) -> Errand:
    with town.units.reading() as uow:
        return uow.errands.get(errand_id)


def later(town: Town, by: timedelta) -> None:
    town.clock.advance(by)  # type: ignore[attr-defined]


def echo(_town: Town, _means: ErrandWorld, asked: Errand) -> Mapping[str, object]:
    return {"heard": asked.subject}


def test_errands_are_done_in_the_order_in_which_they_were_asked(town: Town) -> None:
    heard: list[str] = []

    def listen(_town: Town, _means: ErrandWorld, asked: Errand) -> Mapping[str, object]:
        heard.append(asked.subject)
        return {}

    for subject in ("b", "a", "c"):
        ask(town, "listen", subject)
    assert errands.run_errands(town, once=True, handlers={"listen": listen}) == 3
    assert heard == ["b", "a", "c"]


def test_the_same_question_twice_is_one_errand_while_it_waits(town: Town) -> None:
    first = ask(town, "echo", payload={"mode": "day"})
    assert ask(town, "echo", payload={"mode": "day"}) == first
    assert ask(town, "echo", payload={"mode": "night"}) != first
    errands.run_errands(town, once=True, handlers={"echo": echo})
    assert ask(town, "echo", payload={"mode": "day"}) not in (first, first + 1)


def test_an_errand_of_a_killed_worker_is_taken_again_but_not_for_ever(town: Town) -> None:
    number = ask(town, "echo")
    for tried in range(1, MOST_TRIES + 1):
        with town.units.writing() as uow:
            taken = uow.errands.take(town.clock.now())
        assert taken is not None and taken.tries == tried
        assert errands.run_errands(town, once=True, handlers={"echo": echo}) == 0, "somebody is at it"
        later(town, TAKEN_FOR + timedelta(seconds=1))
    with town.units.writing() as uow:
        assert uow.errands.take(town.clock.now()) is None
        assert uow.errands.give_up_lost(town.clock.now()) == 1
    assert errand(town, number).state is ErrandState.failed
    assert "ask again" in errand(town, number).why


def test_a_worker_that_beats_keeps_its_errand(town: Town) -> None:
    ask(town, "echo")
    with town.units.writing() as uow:
        taken = uow.errands.take(town.clock.now())
    assert taken is not None
    for _ in range(3):
        later(town, TAKEN_FOR * 0.8)
        with town.units.writing() as uow:
            uow.errands.beat(taken, town.clock.now())
    with town.units.reading() as uow:
        assert not uow.errands.waits(town.clock.now())


def test_a_slow_worker_does_not_overwrite_the_answer_of_the_one_that_came_after(town: Town) -> None:
    number = ask(town, "echo")
    with town.units.writing() as uow:
        slow = uow.errands.take(town.clock.now())
    later(town, TAKEN_FOR + timedelta(seconds=1))
    assert errands.run_errands(town, once=True, handlers={"echo": echo}) == 1
    assert slow is not None
    with town.units.writing() as uow:
        uow.errands.fail(slow, "too late")
    assert errand(town, number).answer == {"heard": "1"}


def test_ctrl_c_gives_the_errand_back_at_once(town: Town) -> None:
    def stopped(_town: Town, _means: ErrandWorld, _asked: Errand) -> Mapping[str, object]:
        raise SystemExit(0)

    number = ask(town, "stopped")
    with pytest.raises(SystemExit):
        errands.run_errands(town, once=True, handlers={"stopped": stopped})
    assert errand(town, number).state is ErrandState.waiting


@pytest.mark.parametrize(
    ("error", "told"),
    [(BadInput("no view 9"), "no view 9"), (RuntimeError(f"http://a:{SECRET}@b"), "RuntimeError at test_errands.py")],
)
def test_whatever_goes_wrong_ends_as_one_line_without_a_secret(town: Town, error: Exception, told: str) -> None:
    def breaks(_town: Town, _means: ErrandWorld, _asked: Errand) -> Mapping[str, object]:
        raise error

    first, second = ask(town, "breaks"), ask(town, "echo")
    assert errands.run_errands(town, once=True, handlers={"breaks": breaks, "echo": echo}) == 2
    why = errand(town, first).why
    assert told in why and SECRET not in why and "\n" not in why
    assert errand(town, second).state is ErrandState.done


def test_an_errand_that_nobody_knows_says_so(town: Town) -> None:
    number = ask(town, "dance")
    errands.run_errands(town, once=True)
    assert errand(town, number).state is ErrandState.failed
    assert "'dance'" in errand(town, number).why


def test_a_probe_tells_what_the_camera_shows(town: Town) -> None:
    number = ask(town, "probe_source")
    errands.run_errands(town, once=True)
    answer = errand(town, number).answer
    assert answer is not None
    assert (answer["ok"], answer["width"], answer["height"], answer["codec"]) == (True, 640, 360, "jpeg")
    assert town.images.get(str(answer["image"]))[:2] == b"\xff\xd8"


def test_a_probe_of_a_dead_address_names_the_fault_and_no_password_is_sent_to_a_bare_address(town: Town) -> None:
    dead = ask(town, "probe_source", payload={"source": f"http://{LOOPBACK}:9/x.jpg"})
    secret = ask(town, "probe_source", payload={"source": f"http://root:{SECRET}@{LOOPBACK}:9/x.jpg"})
    errands.run_errands(town, once=True)
    answer = errand(town, dead).answer
    assert answer is not None and answer["ok"] is False and answer["fault"] == "refused"
    assert errand(town, secret).state is ErrandState.failed
    assert SECRET not in errand(town, secret).why


def test_a_captured_view_is_kept_with_its_row(town: Town) -> None:
    number = ask(town, "capture_view")
    errands.run_errands(town, once=True)
    answer = errand(town, number).answer
    assert answer is not None
    with town.engine.connect() as connection:
        kept = connection.execute(sa.select(tables.images).where(tables.images.c.digest == answer["image"])).one()
    assert (kept.kind, kept.view_id) == ("sighting", 1)


def box_of_slot(slot: int) -> Box:
    x, y = SLOTS[slot]
    return Box(x / 640, y / 360, (x + PATCH_PX) / 640, (y + PATCH_PX) / 360)


def file_ticket(town: Town, status: Status = Status.rectified) -> Finding:
    """A ticket over litter in the slot THING; its look is that of the paint."""
    frame_with = cv2.imdecode(np.frombuffer(painted_jpeg(frozenset({THING})), np.uint8), cv2.IMREAD_COLOR)
    box = box_of_slot(THING)
    rows, columns = (slice(int(box.top * 360), int(box.bottom * 360)), slice(int(box.left * 640), int(box.right * 640)))
    grey = cv2.cvtColor(np.asarray(frame_with, np.uint8)[rows, columns], cv2.COLOR_BGR2GRAY)
    look = cv2.resize(grey, (8, 8), interpolation=cv2.INTER_AREA).tobytes()
    finding = replace(a_finding("f1", FindingState.open, box), look=look, opened_at=town.clock.now())
    now = town.clock.now()
    ticket = Ticket(NUMBER, "f1", 1, LITTER.code, LITTER.kind, "点位1", "青禾社区", status, now)
    ticket = replace(ticket, rectified_at=now, dispatched_at=now - timedelta(hours=2))
    with town.units.writing() as uow:
        uow.findings.save([finding])
        uow.tickets.add(ticket, HistoryEntry(NUMBER, now, "patrol", "filed_for_review"))
    return finding


def looked(town: Town) -> tuple[Outcome, Opinion, str | None]:
    ask(town, "verify_view", NUMBER)
    errands.run_errands(town, once=True)
    with town.units.reading() as uow:
        look = uow.tickets.newest_look(NUMBER)
    assert look is not None
    return look.outcome, look.opinion, look.image


def test_what_still_lies_there_is_seen(town: Town) -> None:
    file_ticket(town)
    outcome, opinion, image = looked(town)
    assert (outcome, opinion) == (Outcome.seen, Opinion.still_there)
    assert image is not None and town.images.get(image)


def test_what_was_cleared_away_is_gone(town: Town, served: tuple[dict[str, object], int]) -> None:
    file_ticket(town)
    served[0]["/1.jpg"] = snapshot(painted_jpeg(frozenset()))
    assert looked(town)[:2] == (Outcome.seen, Opinion.gone)


def test_a_dark_frame_says_so_and_clears_nothing(town: Town, served: tuple[dict[str, object], int]) -> None:
    file_ticket(town)
    dark = cv2.imencode(".jpg", np.full((360, 640, 3), 3, np.uint8))[1].tobytes()
    served[0]["/1.jpg"] = snapshot(dark)
    outcome, opinion, image = looked(town)
    assert (outcome, opinion) == (Outcome.blinded, Opinion.unclear)
    assert image is not None


def test_a_camera_that_does_not_answer_clears_nothing(town: Town, served: tuple[dict[str, object], int]) -> None:
    file_ticket(town)
    del served[0]["/1.jpg"]
    assert looked(town) == (Outcome.unreachable, Opinion.unclear, None)


def test_what_was_found_by_infra_red_alone_is_not_gone_by_day(
    town: Town, served: tuple[dict[str, object], int]
) -> None:
    finding = file_ticket(town)
    at_night = frozenset(replace(sight, mode=Mode.infra_red) for sight in finding.sights)
    with town.units.writing() as uow:
        uow.findings.save([replace(finding, sights=at_night)])
    served[0]["/1.jpg"] = snapshot(painted_jpeg(frozenset()))
    assert looked(town)[:2] == (Outcome.seen, Opinion.unclear)


def jpeg_of(taken_at: datetime | None = None, place: tuple[float, float] | None = None, turned: int = 1) -> bytes:
    """A photo as a phone writes it, of 800×600 before it is turned upright."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turned
    exif[ExifTags.Base.Make] = "Secret Phone 9"
    if taken_at is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken_at.strftime("%Y:%m:%d %H:%M:%S")
    if place is not None:
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        for at, degrees, marks in ((1, place[0], "NS"), (3, place[1], "EW")):
            gps[at] = marks[degrees < 0]
            gps[at + 1] = (int(abs(degrees)), 0, (abs(degrees) % 1) * 3600)
    picture = Image.new("RGB", (800, 600), (90, 120, 90))
    written = io.BytesIO()
    picture.save(written, "JPEG", exif=exif)
    return written.getvalue()


def sent(town: Town, content: bytes, name: str = "IMG_1.jpg") -> Photo:
    """Sent whole; gives its row after the worker saw it."""
    announced = photos.Announced(name, len(content), sha256(content).hexdigest())
    now = town.clock.now()
    photo = photos.begin(town.units, NUMBER, announced, f"{len(content):032x}", "王", now)
    inbox = PhotoInbox(town.settings.quarantine)
    photos.receive(town.units, inbox, photo, 0, content, "王", now)
    errands.run_errands(town, once=True)
    with town.units.reading() as uow:
        return uow.photos.get(photo.id)


def test_a_photo_is_turned_upright_stripped_and_shown_and_its_raw_file_goes(town: Town) -> None:
    file_ticket(town)
    local = town.clock.now().astimezone(town.settings.town_zone)
    photo = sent(town, jpeg_of(local, SITE, turned=6))
    assert photo.state is PhotoState.redacted and photo.image is not None
    assert photo.complaints == () and photo.distance_m is not None and photo.distance_m < 10
    stored = Image.open(io.BytesIO(town.images.get(photo.image)))
    assert stored.size == (600, 800)
    assert dict(stored.getexif()) == {} and b"Secret Phone" not in town.images.get(photo.image)
    assert list((town.settings.quarantine).iterdir()) == []


def test_place_and_time_that_do_not_fit_are_complained_of_in_row_and_history(town: Town) -> None:
    file_ticket(town)
    yesterday = town.clock.now().astimezone(town.settings.town_zone) - timedelta(days=1)
    photo = sent(town, jpeg_of(yesterday, (SITE[0] + 0.02, SITE[1])))
    told = {complaint.code: complaint.figure for complaint in photo.complaints}
    assert told[ComplaintCode.before_dispatch] == 22.0
    far = told[ComplaintCode.far]
    assert far is not None and far > FAR_M
    with town.engine.connect() as connection:
        detail = connection.scalar(
            sa.select(tables.ticket_history.c.detail).where(tables.ticket_history.c.what == "photographed")
        )
    assert "far" in str(detail) and "before_dispatch 22" in str(detail)


def test_a_photo_that_states_nothing_is_shown_with_that_said(town: Town) -> None:
    file_ticket(town)
    photo = sent(town, jpeg_of())
    assert photo.state is PhotoState.redacted
    assert {complaint.code for complaint in photo.complaints} == {ComplaintCode.no_place, ComplaintCode.no_time}


def bomb() -> bytes:
    """A JPEG whose header claims 60,000 × 60,000 pixels."""
    whole = bytearray(jpeg_of())
    at = whole.index(b"\xff\xc0")
    whole[at + 5 : at + 9] = (60000).to_bytes(2, "big") * 2
    return bytes(whole)


def written_as(kind: str) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (40, 40)).save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (bomb(), "too many pixels"),
        (written_as("PNG"), "a PNG file is no photo"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(64), "a HEIC file is no photo"),
        (jpeg_of()[:400], "damaged"),
        (b"#!/bin/sh", "this file is no photo"),
    ],
)
def test_what_is_no_usable_photo_is_refused_in_words_and_its_file_goes(town: Town, content: bytes, told: str) -> None:
    file_ticket(town)
    photo = sent(town, content)
    assert (photo.state, photo.image) == (PhotoState.refused, None)
    assert told in photo.why
    assert list((town.settings.quarantine).iterdir()) == []
    with town.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.ticket_images)) == 0


def test_a_worker_killed_after_the_picture_was_stored_doubles_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_ticket(town)

    def dies(*_arguments: object) -> None:
        raise StoreFailed("killed")

    with monkeypatch.context() as patched:
        patched.setattr(photos, "show", dies)
        assert sent(town, jpeg_of()).state is PhotoState.received
    with town.units.writing() as uow:
        uow.errands.ask(photos.REDACT, f"{len(jpeg_of()):032x}", {}, "王", town.clock.now())
    errands.run_errands(town, once=True)
    with town.engine.connect() as connection:
        shown = connection.execute(sa.select(tables.ticket_images)).all()
        noted = connection.scalar(sa.select(sa.func.count()).where(tables.ticket_history.c.what == "photographed"))
    assert (len(shown), noted) == (1, 1)
