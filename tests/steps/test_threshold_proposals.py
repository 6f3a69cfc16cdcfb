"""Each night verdicts are asked which thresholds of single views they speak for; people decide."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import tables
from pipeline.adapters.database import reading, writing
from pipeline.adapters.tables_people import audit_entries
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.category import Category, Kind
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.errors import TransitionRefused
from pipeline.domain.finding import FindingState, Sighting
from pipeline.domain.model_version import ModelVersion
from pipeline.domain.review import Teaches, Verdict, VerdictKind
from pipeline.domain.threshold_proposal import ThresholdProposal, ThresholdState
from pipeline.domain.ticket import HistoryEntry, Status, Ticket
from pipeline.steps import promotion, threshold_proposals
from tests.builders import START, a_box, a_finding, minutes

MODEL, OTHER = "4f1e3a9c0b7d", "b" * 12
HERE, ELSEWHERE = 1, 2
FAINT, STRONG = 0.5, 0.8
SEEN_TIMES = 3
TONIGHT = START + timedelta(days=1)


@dataclass
class Street:
    """Two views with tickets that people judged."""

    engine: Engine

    def __post_init__(self) -> None:
        self.units = SqlUnitsOfWork(self.engine)
        self.filed = 0
        with writing(self.engine) as connection:
            site = {"id": 1, "name": "点位", "kind": "crossing", "key_point": False, "core_zone": False, "address": ""}
            camera = {
                "site_id": 1, "source_kind": "rtsp", "source": "rtsp://x/1", "active": True, "created_at": START,
            }  # fmt: skip
            rounds = {"id": 1, "plan": "core", "started_at": START, "planned": 2, "view_ids": [HERE, ELSEWHERE]}
            connection.execute(sa.insert(tables.sites).values(site))
            for view in (HERE, ELSEWHERE):
                connection.execute(sa.insert(tables.cameras).values(id=view, name=f"相机{view}", **camera))
                one = {"id": view, "camera_id": view, "name": f"视角{view}", "preset": 0, "active": True}
                connection.execute(sa.insert(tables.views).values(one))
            connection.execute(sa.insert(tables.rounds).values(rounds))
            connection.execute(sa.update(tables.categories).values(threshold=0.45, fine_threshold=None))
        for hash12 in (OTHER, MODEL):
            version = ModelVersion(hash12, "model", ("litter",), START, "patrol")
            promotion.start_with(self.units, version, "patrol", START)

    def judge(self, view: int, score: float, teaches: Teaches, times: int, model: str = MODEL) -> list[str]:
        return [self._one(view, score, teaches, model) for _ in range(times)]

    def _one(self, view: int, score: float, teaches: Teaches, model: str) -> str:
        self.filed += 1
        number, finding = f"XJ-20261123-{self.filed:04d}", a_finding(f"f{self.filed}", FindingState.open)
        seen = [
            Sighting(finding.id, 1, place, START, Detection(a_box(), "litter", score, Pass.fast, model.ljust(64, "0")))
            for place in range(1, SEEN_TIMES + 1)
        ]
        ticket = Ticket(number, finding.id, view, "litter", Kind.clean_up, "点位", None, Status.filed, START)
        kind = VerdictKind.confirmed if teaches is Teaches.positive else VerdictKind.dismissed
        label = Verdict(START, "李", kind, teaches, "litter", a_box(), view, None, number)
        with self.units.writing() as uow:
            uow.findings.save([replace(finding, view_id=view)])
            uow.findings.add_sightings(seen)
            uow.tickets.add(ticket, HistoryEntry(number, START, "patrol", "filed_for_review"))
            uow.reviews.add_labels([label])
        return number

    def closed_bin(self) -> list[str]:
        """Here a bin is taken for litter again and again; elsewhere litter is litter."""
        self.judge(ELSEWHERE, STRONG, Teaches.positive, 25)
        return self.judge(HERE, FAINT, Teaches.negative, 6)

    def tonight(self, nights: int = 0) -> int:
        return threshold_proposals.propose_thresholds(self.units, TONIGHT + timedelta(days=nights))

    def proposals(self, state: ThresholdState | None = None) -> tuple[ThresholdProposal, ...]:
        with self.units.reading() as uow:
            return uow.threshold_proposals.all(state)

    def litter(self, view: int) -> Category:
        """As it is in force in a view."""
        with self.units.reading() as uow:
            return threshold_proposals.in_force(uow, view, uow.categories())["litter"]


@pytest.fixture
def street(engine: Engine) -> Street:
    return Street(engine)


@pytest.fixture
def quick(sqlite_engine: Engine) -> Street:
    """On SQLite alone."""
    return Street(sqlite_engine)


def test_an_approved_proposal_raises_the_threshold_of_its_view_and_pass_alone(street: Street) -> None:
    numbers = street.closed_bin()
    assert street.tonight() == 1
    [made] = street.proposals()
    assert (made.view_id, made.category, made.found_by, made.before) == (HERE, "litter", Pass.fast, 0.45)
    assert made.proposed.threshold == pytest.approx((FAINT + STRONG) / 2)
    assert made.proposed.numbers_cut == tuple(numbers)
    assert street.tonight(1) == 1, "the same verdicts ask once"
    threshold_proposals.approve(street.units, made.id, "王", TONIGHT)
    here, elsewhere = street.litter(HERE), street.litter(ELSEWHERE)
    assert (here.threshold_of(Pass.fast), here.threshold_of(Pass.fine)) == (made.proposed.threshold, 0.45)
    assert elsewhere.threshold_of(Pass.fast) == 0.45
    assert street.tonight(2) == 0, "what it cut asks no more"
    with reading(street.engine) as connection:
        entry = audit_entries.c
        told = connection.execute(sa.select(entry.action, entry.subject_kind).where(entry.who == "王")).all()
    assert [tuple(row) for row in told] == [("thresholds_set", "view"), ("approved", "threshold")]
    with pytest.raises(TransitionRefused, match="approved by 王"):
        threshold_proposals.reject(street.units, made.id, "李", TONIGHT)


def test_what_teaches_nothing_and_scores_of_other_weights_say_nothing(street: Street) -> None:
    street.judge(ELSEWHERE, STRONG, Teaches.positive, 25)
    street.judge(HERE, FAINT, Teaches.nothing, 6)
    street.judge(HERE, FAINT, Teaches.negative, 6, OTHER)
    assert street.tonight() == 0
    street.judge(HERE, FAINT, Teaches.negative, 5)
    assert street.tonight() == 1
    assert street.proposals()[0].proposed.cut.whole == 5


def test_what_is_there_and_permitted_is_kept_like_what_is_confirmed(quick: Street) -> None:
    """A licensed stall is a stall: the same score may be the next one without a licence."""
    quick.closed_bin()
    quick.judge(HERE, FAINT, Teaches.positive, 1)
    assert quick.tonight() == 0


def test_a_rejected_proposal_comes_again_only_with_a_new_pattern(quick: Street) -> None:
    quick.closed_bin()
    quick.tonight()
    threshold_proposals.reject(quick.units, quick.proposals()[0].id, "王", TONIGHT)
    quick.judge(HERE, FAINT, Teaches.negative, 4)
    assert quick.tonight(1) == 0
    quick.judge(HERE, FAINT, Teaches.negative, 1)
    assert quick.tonight(2) == 1
    assert [one.state for one in quick.proposals()] == [ThresholdState.waiting, ThresholdState.rejected]


def test_a_new_true_thing_puts_another_proposal_in_its_place(quick: Street) -> None:
    quick.closed_bin()
    quick.tonight()
    quick.judge(HERE, 0.6, Teaches.positive, 1)
    assert quick.tonight(1) == 1
    new, old = quick.proposals()
    assert (new.state, old.state) == (ThresholdState.waiting, ThresholdState.outdated)
    assert FAINT < new.proposed.threshold <= 0.6 < old.proposed.threshold


def test_with_other_weights_its_scores_say_nothing_any_more(quick: Street) -> None:
    quick.closed_bin()
    quick.tonight()
    [made] = quick.proposals()
    promotion.roll_back(quick.units, "王", minutes(1), "")
    with pytest.raises(TransitionRefused, match="looks no more"):
        threshold_proposals.approve(quick.units, made.id, "王", TONIGHT)
    assert quick.tonight(1) == 0
    assert quick.proposals()[0].state is ThresholdState.outdated
    assert quick.litter(HERE).threshold == 0.45


def test_verdicts_of_another_season_say_nothing(quick: Street) -> None:
    quick.closed_bin()
    assert quick.tonight(91) == 0
