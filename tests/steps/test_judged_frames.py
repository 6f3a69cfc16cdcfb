"""What reviewers said, as frames to learn from: which words stand, and what on a frame stays open."""

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import tables
from pipeline.adapters.database import reading
from pipeline.adapters.label_queries import count_of_conflicts, count_of_labels, judged_frames
from pipeline.adapters.rounds import SqlRounds
from pipeline.domain.finding import Sighting
from pipeline.domain.geometry import Box
from pipeline.domain.label import JudgedFrame
from pipeline.domain.review import Drawn, ReviewKind, Ruling, Teaches, VerdictKind
from pipeline.domain.ticket import Role
from pipeline.ports import ImageKind, KeptImage
from pipeline.steps import desk, review
from tests.builders import START, a_box, a_detection, minutes
from tests.steps.desk_street import CONFIRM, LI, PLAIN, SHADOW, WANG, ZHAO, DeskStreet, always

LEFT, MIDDLE, RIGHT = a_box(0.1), a_box(0.4), a_box(0.7)


class LabelStreet(DeskStreet):
    """Tickets whose evidence is stored, and whose things the detector saw on it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.round_id = SqlRounds(self.engine).begin("core", [1], START).ref.id

    def seen(self, box: Box = LEFT) -> str:
        """A ticket's number."""
        number = self.file(box)
        image = self.image(number)
        with self.units.writing() as uow:
            uow.keep_images([KeptImage(image, ImageKind.evidence, 1, 10, START)])
        self.see(number, box, image)
        return number

    def see(self, number: str, box: Box, image: str, attempt: int = 1) -> None:
        sighting = Sighting(self.finding(number).id, self.round_id, attempt, START, a_detection(box), image)
        with self.units.writing() as uow:
            uow.findings.add_sightings([sighting])

    @staticmethod
    def image(number: str) -> str:
        return f"{int(number[-4:]):064x}"

    def rule(self, number: str, ruling: Ruling = CONFIRM) -> None:
        review.judge_one(self.units, number, ruling, "王", Role.reviewer, minutes(20))

    def frames(self) -> dict[str, JudgedFrame]:
        with reading(self.engine) as connection:
            return {frame.image: frame for frame in judged_frames(connection)}

    def words(self, number: str) -> list[tuple[str, Teaches, Box]]:
        return [(one.category, one.teaches, one.box) for one in self.frames()[self.image(number)].boxes]


@pytest.fixture
def street(sqlite_engine: Engine) -> LabelStreet:
    return LabelStreet(sqlite_engine)


@pytest.fixture
def any_street(engine: Engine) -> LabelStreet:
    """On each database."""
    return LabelStreet(engine)


def test_what_waits_and_what_was_judged_on_another_frame_stays_open(any_street: LabelStreet) -> None:
    judged, waiting, elsewhere = any_street.seen(LEFT), any_street.seen(MIDDLE), any_street.seen(RIGHT)
    for other, box in ((waiting, MIDDLE), (elsewhere, RIGHT)):
        any_street.see(other, box, any_street.image(judged), attempt=2)
    any_street.rule(judged, SHADOW)
    any_street.rule(elsewhere)
    frame = any_street.frames()[any_street.image(judged)]
    (one,) = frame.boxes
    assert (one.number, one.who, one.reason, one.teaches) == (judged, "王", "shadow", Teaches.negative)
    assert frame.unjudged == (MIDDLE, RIGHT)
    assert (frame.view_id, frame.camera_id, frame.at, frame.looked_for) == (1, 1, START, frozenset())


def test_relabelled_is_a_positive_of_the_new_and_a_negative_of_the_old_category(street: LabelStreet) -> None:
    number = street.seen()
    street.rule(number, Ruling(VerdictKind.relabelled, category="illegal_ad"))
    assert set(street.words(number)) == {
        ("illegal_ad", Teaches.positive, LEFT), ("litter", Teaches.negative, LEFT),
    }  # fmt: skip


def test_redrawn_teaches_the_new_box_and_leaves_nothing_open(street: LabelStreet) -> None:
    number = street.seen()
    street.rule(number, Ruling(VerdictKind.redrawn, box=MIDDLE))
    assert street.words(number) == [("litter", Teaches.positive, MIDDLE)]
    assert street.frames()[street.image(number)].unjudged == ()


def test_a_box_drawn_beside_a_ticket_does_not_judge_the_ticket(street: LabelStreet) -> None:
    number = street.seen(LEFT)
    review.add_box(street.units, number, Drawn("illegal_ad", RIGHT), "王", minutes(5))
    assert street.words(number) == [("illegal_ad", Teaches.positive, RIGHT)]
    assert street.frames()[street.image(number)].unjudged == (LEFT,)


def test_a_conflict_is_no_label_until_the_desk_has_settled_it(any_street: LabelStreet) -> None:
    number = any_street.seen()
    any_street.judge(any_street.deal(LI)[0], LI, second=True)
    assert any_street.words(number) == [("litter", Teaches.positive, LEFT)]
    any_street.judge(any_street.deal(ZHAO, at=11)[0], ZHAO, SHADOW, at=12)
    frame = any_street.frames()[any_street.image(number)]
    assert frame.boxes == () and set(frame.unjudged) == {LEFT}
    (card,) = any_street.deal(WANG, at=13)
    assert card.kind is ReviewKind.conflict
    any_street.judge(card, WANG, SHADOW, at=14)
    assert any_street.words(number) == [("litter", Teaches.negative, LEFT)]
    with reading(any_street.engine) as connection:
        assert count_of_conflicts(connection) == 0


def test_a_verdict_taken_back_is_no_label(street: LabelStreet) -> None:
    street.seen()
    street.judge(street.deal(LI)[0], LI)
    with reading(street.engine) as connection:
        assert count_of_labels(connection) == 1
    street.undo(LI)
    assert street.frames() == {}
    with reading(street.engine) as connection:
        assert count_of_labels(connection) == 0


def _read_sample(street: LabelStreet, digest: str, drawn: tuple[Drawn, ...], at: float) -> None:
    street.sample(digest)
    (card,) = desk.deal(street.units, LI, 1, minutes(at), PLAIN, always)
    street.judge(card, LI, None, at=at, drawn=drawn)


def test_a_sample_was_looked_over_for_what_its_reader_had_heard_of(street: LabelStreet) -> None:
    with street.engine.begin() as connection:
        row = connection.execute(sa.select(tables.categories).where(tables.categories.c.code == "litter")).one()
        own = dict(row._mapping) | {"code": "open_manhole", "position": 9}
        connection.execute(sa.insert(tables.categories).values(own))
    before, after = "a" * 64, "b" * 64
    _read_sample(street, before, (), at=1)
    _read_sample(street, after, (Drawn("open_manhole", MIDDLE),), at=2)
    frames = street.frames()
    assert {"litter", "illegal_ad"} < frames[before].looked_for
    assert frames[after].looked_for - frames[before].looked_for == {"open_manhole"}
    assert [one.box for one in frames[after].boxes] == [MIDDLE]
