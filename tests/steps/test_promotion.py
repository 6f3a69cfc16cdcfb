"""Which version looks: thresholds come and go with it, everything is audited, and a refused one changes nothing."""

from dataclasses import dataclass, replace

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import tables
from pipeline.adapters.audit import checked_chain
from pipeline.adapters.database import reading, writing
from pipeline.adapters.tables_people import audit_entries
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.detection import Pass
from pipeline.domain.errors import NotFound, TransitionRefused
from pipeline.domain.model_version import ModelVersion, Promotion, Proposal, ProposalState
from pipeline.steps import promotion as steps
from tests.builders import START, minutes

OLD, NEW = "a" * 12, "b" * 12
LI = "李"


def a_version(hash12: str, threshold: float) -> ModelVersion:
    measured = {"litter": {Pass.fast: threshold, Pass.fine: threshold + 0.1}}
    return ModelVersion(hash12, f"model {hash12[0]}", ("litter",), START, "patrol", thresholds=measured)


@dataclass
class Shelf:
    """The old version is the champion; the new one is known."""

    engine: Engine

    def __post_init__(self) -> None:
        self.units = SqlUnitsOfWork(self.engine)
        steps.start_with(self.units, a_version(OLD, 0.6), "patrol", START)
        steps.add_version(self.units, a_version(NEW, 0.3))

    def champion(self) -> Promotion:
        with self.units.reading() as uow:
            current = uow.models.current()
        assert current is not None
        return current

    def set_threshold(self, threshold: float) -> None:
        with writing(self.engine) as connection:
            own = tables.categories.c.code == "litter"
            connection.execute(sa.update(tables.categories).where(own).values(threshold=threshold))

    def looks(self) -> tuple[str, float, float | None]:
        """The champion with litter's thresholds in force."""
        with self.units.reading() as uow:
            litter = uow.categories()["litter"]
        return self.champion().model, litter.threshold, litter.fine_threshold

    def audited(self) -> list[tuple[str, str, str]]:
        entry = audit_entries.c
        query = sa.select(entry.who, entry.action, entry.subject).where(entry.subject_kind == "model")
        with reading(self.engine) as connection:
            return [(row.who, row.action, row.subject) for row in connection.execute(query.order_by(entry.id))]

    def propose(self, champion: str = OLD) -> int:
        with self.units.writing() as uow:
            return uow.models.propose(Proposal(NEW, champion, START, True, {"passed": True, "rules": []}, "reports/1"))

    def proposal(self, proposal_id: int) -> Proposal:
        with self.units.reading() as uow:
            return uow.models.proposal(proposal_id)


@pytest.fixture
def shelf(engine: Engine) -> Shelf:
    """On each database."""
    return Shelf(engine)


@pytest.fixture
def quick_shelf(sqlite_engine: Engine) -> Shelf:
    return Shelf(sqlite_engine)


def test_back_and_forth_give_the_thresholds_that_people_had_set_for_each(shelf: Shelf) -> None:
    assert shelf.looks() == (OLD, 0.6, 0.7)
    shelf.set_threshold(0.65)
    steps.promote(shelf.units, NEW, LI, minutes(1), "better on stalls")
    assert shelf.looks() == (NEW, 0.3, 0.4)
    shelf.set_threshold(0.35)
    steps.roll_back(shelf.units, LI, minutes(2), "worse at night")
    assert shelf.looks() == (OLD, 0.65, 0.7)
    steps.roll_back(shelf.units, LI, minutes(3), "it was the rain")
    assert shelf.looks() == (NEW, 0.35, 0.4)
    told = [("patrol", "first", OLD), ("patrol", "added", NEW), (LI, "promotion", NEW)]
    assert shelf.audited() == [*told, (LI, "rollback", OLD), (LI, "rollback", NEW)]
    with reading(shelf.engine) as connection:
        assert checked_chain(connection, None).broken == ()


def test_a_refused_one_gives_way_to_the_champion_before_and_its_thresholds(shelf: Shelf) -> None:
    shelf.set_threshold(0.65)
    promoted = steps.promote(shelf.units, NEW, LI, minutes(1), "")
    steps.refuse(shelf.units, promoted, "it does not load", minutes(2))
    assert shelf.looks() == (OLD, 0.65, 0.7)
    with shelf.units.reading() as uow:
        kept = uow.models.promotion(promoted.id or 0)
    assert (kept.refused_at, kept.refused_why) == (minutes(2), "it does not load")
    assert shelf.audited()[-1] == ("patrol", "refused", NEW)
    again = steps.promote(shelf.units, NEW, LI, minutes(3), "the file is mended")
    assert (again.previous, shelf.champion().model) == (OLD, NEW)


def test_a_refusal_that_comes_late_takes_nothing_from_whoever_is_champion_by_then(quick_shelf: Shelf) -> None:
    promoted = steps.promote(quick_shelf.units, NEW, LI, minutes(1), "")
    steps.roll_back(quick_shelf.units, LI, minutes(2), "")
    before = quick_shelf.looks(), quick_shelf.audited()
    steps.refuse(quick_shelf.units, promoted, "it does not load", minutes(3))
    assert (quick_shelf.looks(), quick_shelf.audited()) == before


def test_the_first_worker_to_take_it_up_is_the_one_that_is_noted(quick_shelf: Shelf) -> None:
    promoted = steps.promote(quick_shelf.units, NEW, LI, minutes(1), "")
    steps.take_up(quick_shelf.units, promoted, minutes(2))
    steps.take_up(quick_shelf.units, promoted, minutes(3))
    assert quick_shelf.champion().taken_up_at == minutes(2)


def test_a_proposal_is_taken_once_and_only_against_the_champion_it_was_measured_with(shelf: Shelf) -> None:
    stale, waiting = shelf.propose("c" * 12), shelf.propose()
    with pytest.raises(TransitionRefused, match="champion no more"):
        steps.approve(shelf.units, stale, LI, minutes(1), "")
    steps.approve(shelf.units, waiting, LI, minutes(2), "good")
    assert shelf.looks() == (NEW, 0.3, 0.4)
    assert (shelf.proposal(waiting).state, shelf.proposal(stale).state) == (
        ProposalState.approved, ProposalState.outdated,
    )  # fmt: skip
    for decide in (steps.approve, steps.reject):
        with pytest.raises(TransitionRefused, match="waits no more"):
            decide(shelf.units, waiting, "王", minutes(3), "")


def test_a_rejected_challenger_changes_nothing_but_its_proposal(quick_shelf: Shelf) -> None:
    waiting = quick_shelf.propose()
    steps.reject(quick_shelf.units, waiting, LI, minutes(1), "too many bins")
    assert quick_shelf.looks() == (OLD, 0.6, 0.7)
    decided = quick_shelf.proposal(waiting)
    assert (decided.state, decided.decided_by, decided.words) == (ProposalState.rejected, LI, "too many bins")


def test_where_nothing_was_before_or_nothing_is_known_a_decision_is_refused(quick_shelf: Shelf) -> None:
    with pytest.raises(TransitionRefused, match="no model before"):
        steps.roll_back(quick_shelf.units, LI, minutes(1), "")
    with pytest.raises(TransitionRefused, match="champion already"):
        steps.promote(quick_shelf.units, OLD, LI, minutes(1), "")
    with pytest.raises(NotFound):
        steps.promote(quick_shelf.units, "c" * 12, LI, minutes(1), "")


def test_weights_added_again_keep_the_lineage_that_is_known_of_them(quick_shelf: Shelf) -> None:
    other = replace(a_version(NEW, 0.9), name="another name", parents=(OLD,))
    assert steps.add_version(quick_shelf.units, other) == a_version(NEW, 0.3)
    assert [action for _, action, _ in quick_shelf.audited()] == ["first", "added"]
