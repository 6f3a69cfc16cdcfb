"""What a worker does for the camera pages: real pictures, a real store, no model."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import sqlalchemy as sa

from flows.errands import run_errands
from flows.wiring import Town, open_town
from pipeline.adapters import camera_queries, tables
from pipeline.adapters.database import reading, writing
from pipeline.adapters.gauge import Gauge
from pipeline.adapters.memories import SqlViewMemories
from pipeline.adapters.picture import Picture, encode_jpeg
from pipeline.adapters.tables_people import audit_entries
from pipeline.domain.camera import SourceKind
from pipeline.domain.errand import Errand, ErrandState
from pipeline.domain.errors import NotFound
from pipeline.domain.frame import Frame, ViewMemory
from pipeline.domain.patrol import Mode, Outcome
from pipeline.domain.shape import moved
from pipeline.ports import ImageKind, KeptImage
from pipeline.settings import load_settings
from pipeline.steps import views
from pipeline.steps.assess import assess
from tests.api.street import frame_jpeg
from tests.builders import START
from tests.flows.town import add_cameras, make_home

ZONE = ((0.3, 0.4), (0.6, 0.4), (0.6, 0.7), (0.3, 0.7))
SHIFT = (0.1, -0.05)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    home = make_home(tmp_path / "home", PREFECT_PORT="1")
    add_cameras(home, ["http://127.0.0.1:9/1.jpg"])
    with open_town(load_settings(home)) as town:
        yield town


def street() -> bytes:
    return frame_jpeg(4)


def turned_street() -> bytes:
    """As the same camera shows it after it was turned by SHIFT."""
    pixels = Picture.from_bytes(street()).full()
    height, width = pixels.shape[:2]
    matrix = np.array([[1, 0, SHIFT[0] * width], [0, 1, SHIFT[1] * height]], np.float64)
    return encode_jpeg(np.asarray(cv2.warpAffine(pixels, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)))


def stored(town: Town, jpeg: bytes) -> str:
    digest = town.images.put(jpeg, ImageKind.sighting)
    with town.units.writing() as uow:
        uow.keep_images([KeptImage(digest, ImageKind.sighting, 1, len(jpeg), START)])
    return digest


def answered(town: Town, errand_id: int) -> Errand:
    assert run_errands(town, once=True) == 1
    with town.units.reading() as uow:
        return uow.errands.get(errand_id)


def approve(town: Town, jpeg: bytes, mode: Mode | None = None, moved: bool = False) -> Errand:
    approval = views.Approval(stored(town, jpeg), mode, moved)
    return answered(town, views.approve_reference(town.units, 1, approval, "李工", START))


def memory_of(town: Town) -> ViewMemory:
    return SqlViewMemories(town.engine, town.prints).load([1])[1]


def outcome_of(town: Town, jpeg: bytes) -> Outcome:
    """What the next visit would come to, were this its frame."""
    picture = Picture.from_bytes(jpeg)
    now = town.clock.now()
    frame = Frame(picture, picture.width, picture.height, now, now, SourceKind.replay)
    memory = memory_of(town)
    return assess(Gauge().read(frame, memory, ()), frame, memory, "terms").outcome


def test_an_approved_picture_is_what_the_patrol_compares_with(town: Town) -> None:
    done = approve(town, street())
    assert (done.state, done.answer and done.answer["mode"]) == (ErrandState.done, "day")
    assert set(memory_of(town).references) == {Mode.day}
    assert outcome_of(town, street()) is Outcome.seen
    assert outcome_of(town, turned_street()) is Outcome.moved
    with reading(town.engine) as connection:
        approved, known = camera_queries.references_of(connection, 1)
        kinds = set(connection.scalars(sa.select(tables.images.c.kind)))
        audited = connection.execute(sa.select(audit_entries.c.who, audit_entries.c.action)).all()
    assert (approved["day"].approved_by, set(known), kinds) == ("李工", {"day"}, {"reference"})
    assert [tuple(row) for row in audited] == [("李工", "reference_approved")]


def test_a_moved_view_is_mended_by_approving_the_new_picture(town: Town) -> None:
    approve(town, street())
    approve(town, street(), Mode.night)
    assert set(memory_of(town).references) == {Mode.day, Mode.night}
    approve(town, turned_street(), moved=True)
    memory = memory_of(town)
    assert set(memory.references) == {Mode.day}, "the old pose's references are of no use any more"
    assert (memory.moved_in_a_row, memory.detected_under, memory.backgrounds) == (0, "", {})
    assert outcome_of(town, turned_street()) is Outcome.seen
    assert outcome_of(town, street()) is Outcome.moved
    with reading(town.engine) as connection:
        assert set(camera_queries.references_of(connection, 1)[0]) == {"day"}


def test_a_round_that_is_under_way_does_not_undo_an_approval(town: Town) -> None:
    with town.units.reading() as uow:
        before = uow.visits.revisions([1])[1]
    approve(town, street())
    with town.units.reading() as uow:
        assert uow.visits.revisions([1])[1] > before


def test_the_shift_of_a_moved_view_is_estimated(town: Town) -> None:
    payload = {"old": stored(town, street()), "new": stored(town, turned_street())}
    done = answered(town, views.ask_worker(town.units, views.ALIGN, 1, payload, "李工", START))
    assert done.state is ErrandState.done and done.answer is not None
    numbers = done.answer["transform"]
    assert isinstance(numbers, list)
    carried = moved(ZONE, tuple(numbers))
    assert carried is not None
    assert carried[0] == pytest.approx((ZONE[0][0] + SHIFT[0], ZONE[0][1] + SHIFT[1]), abs=0.01)


def test_what_cannot_be_estimated_ends_with_a_clear_line(town: Town) -> None:
    grey = encode_jpeg(np.full((360, 640, 3), 90, np.uint8))
    payload = {"old": stored(town, street()), "new": stored(town, grey)}
    done = answered(town, views.ask_worker(town.units, views.ALIGN, 1, payload, "李工", START))
    assert done.state is ErrandState.failed
    assert "too little in common" in done.why


def test_a_picture_that_is_gone_or_a_camera_switched_off_is_told(town: Town) -> None:
    with pytest.raises(NotFound, match="no picture"):
        views.approve_reference(town.units, 1, views.Approval("0" * 64), "李工", START)
    image = stored(town, street())
    with writing(town.engine) as connection:
        connection.execute(sa.update(tables.cameras).values(active=False))
    done = answered(town, views.approve_reference(town.units, 1, views.Approval(image), "李工", START))
    assert (done.state, "switch its camera on" in done.why) == (ErrandState.failed, True)


def test_without_a_schedule_running_plans_wait_for_it(town: Town) -> None:
    with town.units.writing() as uow:
        asked = uow.errands.ask(views.DEPLOY, "plans", {}, "李工", START)
    assert answered(town, asked).answer == {"followed": False}
