"""What units do with a ticket, and what it takes to verify and close it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from pipeline.adapters.database import reading
from pipeline.adapters.queries import history_of
from pipeline.domain.errors import BadInput, NotFound, TransitionRefused
from pipeline.domain.finding import FindingState
from pipeline.domain.patrol import Outcome
from pipeline.domain.ticket import Evidence, HistoryEntry, Role, Status
from pipeline.domain.verification import Opinion
from pipeline.steps import handling, verify
from tests.builders import minutes
from tests.life import LEAD, NUMBER, OTHER, THIRD, Life, a_life, a_look, a_mover


@pytest.fixture
def life(sqlite_engine: Engine) -> Life:
    return a_life(sqlite_engine)


def told(engine: Engine) -> list[tuple[str, str | None, str | None]]:
    with reading(engine) as connection:
        return [(line.what, line.detail, line.words) for line in history_of(connection, NUMBER)]


def test_the_lead_accepts_and_reports_it_put_right(life: Life, sqlite_engine: Engine) -> None:
    life.brought_to(Status.dispatched)
    assert life.accept().status is Status.in_progress
    done = life.rectify(at=4, words="清扫完毕")
    assert (done.status, done.rectified_at) == (Status.rectified, minutes(4))
    assert told(sqlite_engine)[-1] == ("rectified", LEAD, "清扫完毕")
    assert life.ticket == done


def test_a_unit_to_which_it_was_not_dispatched_makes_no_move(life: Life) -> None:
    life.brought_to(Status.dispatched)
    stranger = a_mover(Role.handler, 3, THIRD)
    moves: tuple[Callable[[], object], ...] = (
        lambda: handling.accept(life.units, NUMBER, stranger),
        lambda: handling.refuse(life.units, NUMBER, "不归我", stranger),
        lambda: handling.hand_over(life.units, NUMBER, THIRD, "归我", stranger),
        lambda: handling.report(life.units, NUMBER, "路过", stranger),
        lambda: handling.accept(life.units, NUMBER, replace(stranger, unit=None)),
    )
    for move in moves:
        with pytest.raises(TransitionRefused):
            move()
    assert life.ticket.status is Status.dispatched


def test_nothing_is_put_right_without_words(life: Life) -> None:
    life.brought_to(Status.in_progress)
    with pytest.raises(BadInput, match="what was done"):
        life.rectify(words=" ")


def test_accepting_twice_is_refused(life: Life) -> None:
    life.brought_to(Status.in_progress)
    with pytest.raises(TransitionRefused, match="in progress already"):
        life.accept()


def test_a_refused_ticket_goes_back_to_the_dispatcher_without_units_or_deadline(
    life: Life, sqlite_engine: Engine
) -> None:
    life.brought_to(Status.dispatched)
    back = life.refuse(words="不在我单位范围")
    assert (back.status, back.units, back.due_at, back.deadline) == (Status.filed, (), None, None)
    assert told(sqlite_engine)[-1] == ("refused", LEAD, "不在我单位范围")
    life.dispatch(OTHER, at=8)
    recalled = handling.refuse(life.units, NUMBER, "派错了", a_mover(Role.dispatcher, 9))
    assert recalled.status is Status.filed
    assert told(sqlite_engine)[-1] == ("recalled", OTHER, "派错了")


def test_what_was_accepted_is_not_refused_but_handed_over(life: Life) -> None:
    life.brought_to(Status.in_progress)
    with pytest.raises(TransitionRefused, match="not yet accepted"):
        life.refuse()
    over = handling.hand_over(life.units, NUMBER, OTHER, "属执法事项", a_mover(Role.handler, 5))
    assert (over.status, over.units, over.unit) == (Status.dispatched, (OTHER,), OTHER)


def test_a_hand_over_gains_nobody_time(life: Life) -> None:
    due = life.brought_to(Status.dispatched).ticket.due_at
    over = handling.hand_over(life.units, NUMBER, OTHER, "属执法事项", a_mover(Role.handler, 60))
    assert over.due_at == due


def test_handed_over_to_a_unit_that_takes_part_it_leads_from_then_on(life: Life) -> None:
    life.confirm()
    life.dispatch(LEAD, OTHER, THIRD)
    over = handling.hand_over(life.units, NUMBER, THIRD, "就近", a_mover(Role.handler, 3))
    assert over.units == (THIRD, OTHER)


@pytest.mark.parametrize(("unit", "words", "error"), [("火星办", "去", BadInput), (LEAD, "去", TransitionRefused), (OTHER, " ", TransitionRefused)])  # fmt: skip  # noqa: E501
def test_a_hand_over_names_another_unit_and_a_reason(life: Life, unit: str, words: str, error: type[Exception]) -> None:
    life.brought_to(Status.dispatched)
    with pytest.raises(error):
        handling.hand_over(life.units, NUMBER, unit, words, a_mover(Role.handler, 3))


def test_a_unit_that_takes_part_reports_and_leaves_but_moves_nothing(life: Life, sqlite_engine: Engine) -> None:
    life.confirm()
    life.dispatch(LEAD, OTHER)
    theirs = a_mover(Role.handler, 3, OTHER)
    with pytest.raises(TransitionRefused, match=f"only its lead, {LEAD}"):
        handling.accept(life.units, NUMBER, theirs)
    assert handling.report(life.units, NUMBER, "已到场", theirs).status is Status.dispatched
    assert handling.refuse(life.units, NUMBER, "非执法事项", theirs).units == (LEAD,)
    assert [line[0] for line in told(sqlite_engine)[-2:]] == ["reported", "left"]


def test_the_clock_stands_from_the_moment_it_was_put_right(life: Life) -> None:
    due = life.brought_to(Status.in_progress).ticket.due_at
    assert due is not None
    done = life.rectify(at=4)
    assert done.due_at == due  # to be compared with
    assert done.left_s is not None
    again = life.rework(at=4 + 24 * 60)  # Tuesday, the same time of day
    assert again.due_at == due + timedelta(days=1)
    assert (again.left_s, again.reworked, again.rectified_at, again.evidence) == (None, 1, None, None)


def test_the_views_new_frame_verifies_it_without_words(life: Life) -> None:
    life.brought_to(Status.rectified)
    verify.take_look(life.units, a_look(minutes(5)))
    done = life.verify(at=6)
    assert (done.status, done.evidence, done.verified_at) == (Status.verified, Evidence.frame, minutes(6))


@pytest.mark.parametrize("outcome", [Outcome.blinded, Outcome.moved, Outcome.stale, Outcome.unreachable])
def test_a_view_that_shows_nothing_never_clears(life: Life, outcome: Outcome) -> None:
    life.brought_to(Status.rectified)
    verify.take_look(life.units, a_look(minutes(5), outcome))
    with pytest.raises(TransitionRefused, match="clears nothing"):
        life.verify()
    assert life.verify_by_word().evidence is Evidence.sign_off


def test_only_the_newest_look_counts(life: Life) -> None:
    life.brought_to(Status.rectified)
    verify.take_look(life.units, a_look(minutes(5)))
    verify.take_look(life.units, a_look(minutes(5.5), opinion=Opinion.still_there))
    with pytest.raises(TransitionRefused, match="still finds it"):
        life.verify()


def test_a_look_from_before_rework_does_not_clear_what_was_put_right_again(life: Life) -> None:
    life.brought_to(Status.rectified)
    verify.take_look(life.units, a_look(minutes(5)))
    life.rework(at=7)
    life.accept(at=8)
    life.rectify(at=9)
    with pytest.raises(TransitionRefused, match="since it was put right"):
        life.verify(at=10)


def test_closing_ends_its_finding_so_that_what_comes_next_makes_a_ticket_of_its_own(life: Life) -> None:
    life.brought_to(Status.closed)
    with life.units.reading() as uow:
        finding = uow.findings.get(NUMBER)
    assert (finding.state, finding.cleared_at) == (FindingState.cleared, minutes(8))
    assert life.ticket.closed_at == minutes(8)


def test_nothing_is_closed_that_was_not_verified_on_evidence(life: Life) -> None:
    for status in (Status.filed, Status.dispatched, Status.in_progress, Status.rectified):
        life.brought_to(status)
        with pytest.raises(TransitionRefused):
            life.close()
    with life.units.writing() as uow:  # a row from before, or written by another hand
        ticket = replace(life.ticket, status=Status.verified, evidence=None)
        uow.tickets.save(ticket, HistoryEntry(NUMBER, minutes(7), "?", "verified"))
    with pytest.raises(TransitionRefused, match="verify it first"):
        life.close()


def test_a_verified_ticket_can_still_be_sent_back_with_a_reason(life: Life) -> None:
    life.brought_to(Status.verified)
    with pytest.raises(TransitionRefused, match="needs a reason"):
        life.rework(words="")
    assert life.rework(words="又出现了").evidence is None


def test_a_look_is_kept_for_a_ticket_that_exists(life: Life) -> None:
    with pytest.raises(NotFound):
        verify.take_look(life.units, a_look(minutes(5), number="XJ-20261123-0099"))


def test_suspending_a_reworked_ticket_keeps_its_units(life: Life) -> None:
    life.brought_to(Status.rectified)
    life.rework()
    life.suspend(at=8)
    back = life.resume(at=9)
    assert (back.status, back.units) == (Status.dispatched, (LEAD,))
