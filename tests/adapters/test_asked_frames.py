"""Frames that people are asked about, on both databases: noted, chosen, read, taken back, kept and let go."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import tables
from pipeline.adapters.camera_lists import CameraRow
from pipeline.adapters.database import reading, writing
from pipeline.adapters.fleet import SqlFleet
from pipeline.adapters.images import LocalImages
from pipeline.adapters.retention import Housekeeper
from pipeline.adapters.tables_learning import asked_frames, forgotten_views
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.asking import AskedFor, AskedFrame, DoubtfulFrame, Guess
from pipeline.domain.errors import NotFound
from pipeline.domain.review import NOTHING, Review, ReviewKind
from pipeline.domain.site import Site, SiteKind
from pipeline.ports import FrameRead, ImageKind, KeptImage
from pipeline.steps.asking import MOST_OF_A_VIEW, queue_frames, state_of
from tests.builders import START, minutes

LONG_AGO = START - timedelta(days=1)


class Reader:
    """Port FrameReader: says nothing of looks, and leaves out those that are gone."""

    def __init__(self, gone: frozenset[str] = frozenset(), differing: frozenset[str] = frozenset()) -> None:
        self._gone, self._differing = gone, differing

    def read(self, images: Sequence[str]) -> dict[str, FrameRead]:
        return {image: FrameRead((), image in self._differing) for image in images if image not in self._gone}


class Desk:
    """Six views, and doubtful frames of them."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.units = engine, SqlUnitsOfWork(engine)
        site = Site("东门", SiteKind.main_road, False, True, "", None, {})
        rows = [CameraRow(f"相机{number}", site, f"http://127.0.0.1/{number}", None) for number in range(6)]
        SqlFleet(engine, lambda _credentials: b"").import_cameras(rows, {}, START)

    def doubtful(self, name: str, score: float = 0.4, view: int = 1, at: float = 0) -> str:
        image = name.ljust(64, "0")
        with self.units.writing() as uow:
            uow.keep_images([KeptImage(image, ImageKind.asked, view, 10, minutes(at))])
            guesses = (Guess(0.1, 0.45, "illegal_ad"), Guess(score, 0.45, "litter"))
            uow.asked.note_doubtful([DoubtfulFrame(image, view, minutes(at), guesses, "0123456789ab")])
        return image

    def ask(self, image: str, why: AskedFor = AskedFor.doubt, worth: float = 0.5) -> None:
        with self.units.writing() as uow:
            uow.asked.add([AskedFrame(image, 1, START, START, why, worth)])

    def kind(self, image: str) -> object:
        with reading(self.engine) as connection:
            return connection.scalar(sa.select(tables.images.c.kind).where(tables.images.c.digest == image))


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


def test_what_was_noted_comes_back_with_every_guess(desk: Desk) -> None:
    image = desk.doubtful("a", 0.4, view=2, at=3)
    desk.doubtful("b", view=2, at=1)
    with desk.units.reading() as uow:
        assert uow.asked.doubted_at([1, 2]) == {2: minutes(3)}
        found = {frame.image: frame for frame in uow.asked.doubtful(LONG_AGO)}[image]
        assert len(uow.asked.doubtful(minutes(2))) == 1
    assert found.guesses == (Guess(0.1, 0.45, "illegal_ad"), Guess(0.4, 0.45, "litter"))


def test_a_read_frame_becomes_evidence_even_if_nothing_is_on_it_and_an_undone_one_waits_again(desk: Desk) -> None:
    image = desk.doubtful("a")
    desk.ask(image)
    review = Review("key-00000001", "李", minutes(5), ReviewKind.asked, NOTHING, image=image, tickets=0)
    with desk.units.writing() as uow:
        uow.asked.read(image, review, 0)
        assert uow.asked.waiting() == 0
    assert desk.kind(image) == "evidence"
    with desk.units.writing() as uow:
        uow.asked.unread(review.key)
        assert uow.asked.waiting() == 1
    assert desk.kind(image) == "asked"


def test_a_night_asks_for_its_number_once_and_the_most_doubtful_first(desk: Desk) -> None:
    images = [desk.doubtful(f"{place}", 0.3 + place / 100, view=place) for place in range(1, 7)]
    asked = queue_frames(desk.units, Reader(), 2, minutes(60))
    assert (asked.doubtful, asked.why, asked.waiting) == (6, {"doubt": 2}, 2)
    with desk.units.reading() as uow:
        assert set(uow.asked.newest(9)) == {images[5], images[4]}
    assert queue_frames(desk.units, Reader(), 2, minutes(90)).why == {}
    assert queue_frames(desk.units, Reader(), 2, minutes(60 * 24)).why == {"doubt": 2}
    assert state_of(desk.units, minutes(60 * 24)) == {"doubtful": 2, "asked": 2, "waiting": 4}


def test_reviewers_who_are_behind_get_no_more_and_lost_pictures_are_left_out(desk: Desk) -> None:
    lost = desk.doubtful("a")
    differing = desk.doubtful("b", 0.2)
    assert queue_frames(desk.units, Reader(frozenset({lost}), frozenset({differing})), 1, START).why == {"shadow": 1}
    for place in range(2):
        desk.ask(desk.doubtful(f"c{place}"))
    assert queue_frames(desk.units, Reader(), 1, START + timedelta(days=2)).why == {}


def test_one_view_and_forgotten_views_take_no_more_than_is_theirs(desk: Desk) -> None:
    for place in range(MOST_OF_A_VIEW + 2):
        desk.doubtful(f"a{place}", view=1)
    desk.doubtful("b", view=2)
    with writing(desk.engine) as connection:
        gone = {"view_id": 2, "at": START, "who": "主任", "why": "物业要求"}
        connection.execute(sa.insert(forgotten_views).values(gone))
    assert queue_frames(desk.units, Reader(), 50, START).waiting == MOST_OF_A_VIEW


def test_unread_frames_go_with_their_time_and_take_their_question_along(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    unread, read = desk.doubtful("a"), desk.doubtful("b")
    for image in (unread, read):
        desk.ask(image)
    with desk.units.writing() as uow:
        uow.asked.read(read, Review("key-00000001", "李", START, ReviewKind.asked, NOTHING, image=read, tickets=0), 0)
    folder = tmp_path_factory.mktemp("store")
    keeper = Housekeeper(desk.engine, LocalImages(folder / "images"), LocalImages(folder / "prints"))
    assert keeper.obey_retention(START + timedelta(days=15))["asked"] == 1
    with desk.units.reading() as uow:
        assert uow.asked.get(read).image == read
        with pytest.raises(NotFound):
            uow.asked.get(unread)
    with reading(desk.engine) as connection:
        assert list(connection.scalars(sa.select(asked_frames.c.image))) == [read]
