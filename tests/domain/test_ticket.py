"""The table of a ticket's moves, each status to each other one, by each role."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from pipeline.domain.deadline import Deadline, DeadlineClock
from pipeline.domain.errors import TransitionRefused
from pipeline.domain.patrol import Outcome
from pipeline.domain.ticket import (
    ENDED,
    MOVES,
    NEEDS_REASON,
    NEEDS_REASON_BETWEEN,
    Evidence,
    Role,
    Status,
    Ticket,
    needs_reason,
)
from pipeline.domain.ticket_clock import Light, going_on, light_of, stopped, with_deadline, without_deadline
from pipeline.domain.verification import AfterLook, Opinion, evidence_for
from pipeline.domain.working_time import DEFAULT_HOURS, DeadlineTerms, WeekCalendar
from tests.builders import LITTER, START, minutes

ZONE = ZoneInfo("Asia/Shanghai")
RV, DI, HA = {"reviewer"}, {"dispatcher"}, {"handler"}
EXPECTED: dict[tuple[str, str], set[str]] = {
    ("awaiting_review", "filed"): RV, ("awaiting_review", "dismissed"): RV, ("awaiting_review", "void"): DI,
    ("dismissed", "awaiting_review"): RV,
    ("filed", "dispatched"): DI, ("filed", "awaiting_review"): RV, ("filed", "suspended"): DI, ("filed", "void"): DI,
    ("dispatched", "in_progress"): HA, ("dispatched", "filed"): HA | DI, ("dispatched", "dispatched"): HA | DI,
    ("dispatched", "suspended"): DI, ("dispatched", "void"): DI,
    ("in_progress", "rectified"): HA, ("in_progress", "dispatched"): HA | DI, ("in_progress", "in_progress"): HA | DI,
    ("in_progress", "suspended"): DI, ("in_progress", "void"): DI,
    ("rectified", "verified"): RV | DI, ("rectified", "reworked"): RV | DI,
    ("verified", "closed"): DI, ("verified", "reworked"): DI,
    ("reworked", "in_progress"): HA, ("reworked", "dispatched"): HA | DI, ("reworked", "suspended"): DI,
    ("reworked", "void"): DI,
    ("suspended", "filed"): DI, ("suspended", "dispatched"): DI, ("suspended", "void"): DI,
}  # fmt: skip
"""Written out once more, so that a slip in the table does not pass unseen."""


def a_ticket(status: Status = Status.filed) -> Ticket:
    return Ticket("XJ-20261123-0001", "f1", 1, LITTER.code, LITTER.kind, "东门", "青禾社区", status, START)


@pytest.mark.parametrize("role", Role)
def test_every_move_is_made_by_those_roles_and_by_no_other(role: Role) -> None:
    for status, to in product(Status, Status):
        allowed = EXPECTED.get((status, to), set())
        may = bool(allowed) and (role is Role.admin or role.value in allowed)
        if may:
            assert a_ticket(status).moved(to, role, "why").status is to
        else:
            with pytest.raises(TransitionRefused):
                a_ticket(status).moved(to, role, "why")


def test_a_move_that_needs_a_reason_is_refused_without_one() -> None:
    for status, moves in MOVES.items():
        for to in moves:
            if needs_reason(status, to):
                for nothing in (None, "", "  "):
                    with pytest.raises(TransitionRefused, match="needs a reason"):
                        a_ticket(status).moved(to, Role.admin, nothing)
            else:
                assert a_ticket(status).moved(to, Role.admin, None).status is to


def test_what_needs_a_reason_is_what_harms_somebody() -> None:
    assert {Status.dismissed, Status.reworked, Status.suspended, Status.void} == NEEDS_REASON
    assert all(to in MOVES[status] for status, to in NEEDS_REASON_BETWEEN)


def test_the_ends_are_ends() -> None:
    assert {status for status, moves in MOVES.items() if not moves} == {Status.closed, Status.void}
    assert {Status.closed, Status.void} <= ENDED


# --- the clock

WORKING = DeadlineTerms(Deadline(4, DeadlineClock.working_hours), DEFAULT_HOURS, WeekCalendar())
MONDAY_9 = START.replace(hour=1)  # 2026-11-23 is a Monday; 09:00 in Shanghai


def test_the_deadline_is_bound_when_the_ticket_is_dispatched() -> None:
    ticket = with_deadline(a_ticket(), WORKING, MONDAY_9, ZONE)
    assert ticket.due_at == MONDAY_9 + timedelta(hours=6)  # 9 to 12, then 14 to 15
    assert ticket.amber_at == MONDAY_9 + timedelta(hours=3)  # one open hour before
    assert ticket.deadline == WORKING.deadline
    assert ticket.hours == DEFAULT_HOURS
    assert without_deadline(ticket) == a_ticket()


def test_a_pause_neither_gains_nor_loses_time() -> None:
    ticket = with_deadline(a_ticket(), WORKING, MONDAY_9, ZONE)
    stands = stopped(ticket, WORKING.calendar, MONDAY_9 + timedelta(hours=1), ZONE)
    assert stands.left_s == 3 * 3600
    tuesday_9 = MONDAY_9 + timedelta(days=1)
    again = going_on(stands, WORKING.calendar, tuesday_9, ZONE)
    assert again.due_at == tuesday_9 + timedelta(hours=3)  # 9 to 12: three open hours
    assert again.amber_at == tuesday_9 + timedelta(hours=2)
    assert again.left_s is None


def test_a_clock_that_stands_is_not_stopped_twice() -> None:
    stands = stopped(with_deadline(a_ticket(), WORKING, MONDAY_9, ZONE), WORKING.calendar, MONDAY_9, ZONE)
    assert stopped(stands, WORKING.calendar, MONDAY_9 + timedelta(days=3), ZONE) == stands


def test_what_was_overdue_stays_overdue_by_as_much() -> None:
    urgent = DeadlineTerms(Deadline(2, DeadlineClock.urgent_hours), DEFAULT_HOURS, WeekCalendar())
    ticket = with_deadline(a_ticket(), urgent, MONDAY_9, ZONE)
    stands = stopped(ticket, urgent.calendar, MONDAY_9 + timedelta(hours=3), ZONE)
    assert stands.left_s == -3600
    again = going_on(stands, urgent.calendar, MONDAY_9 + timedelta(hours=9), ZONE)
    assert again.due_at == MONDAY_9 + timedelta(hours=8)


def test_without_a_deadline_the_clock_does_nothing() -> None:
    none = DeadlineTerms(None, DEFAULT_HOURS, WeekCalendar())
    ticket = with_deadline(a_ticket(), none, MONDAY_9, ZONE)
    assert ticket == a_ticket()
    assert stopped(ticket, none.calendar, MONDAY_9, ZONE) == ticket
    assert going_on(ticket, none.calendar, MONDAY_9, ZONE) == ticket


@pytest.mark.parametrize(
    ("status", "at", "light"),
    [
        (Status.dispatched, 0, Light.green),
        (Status.dispatched, 30, Light.amber),
        (Status.in_progress, 60, Light.amber),
        (Status.in_progress, 61, Light.red),
        (Status.reworked, 61, Light.red),
        (Status.rectified, 61, Light.stopped),
        (Status.suspended, 61, Light.stopped),
        (Status.closed, 61, Light.none),
        (Status.filed, 61, Light.none),
    ],
)
def test_amber_before_red_after_and_only_while_a_unit_is_at_work(status: Status, at: float, light: Light) -> None:
    left_s = 60.0 if status in (Status.rectified, Status.suspended) else None
    assert light_of(status, minutes(60), minutes(30), left_s, minutes(at)) is light


# --- verification


def rectified_at(at: float) -> Ticket:
    return replace(a_ticket(Status.rectified), rectified_at=minutes(at))


def a_look(at: float, outcome: Outcome = Outcome.seen, opinion: Opinion = Opinion.gone) -> AfterLook:
    return AfterLook("XJ-20261123-0001", minutes(at), outcome, opinion, "d" * 64)


def test_a_later_frame_that_shows_it_gone_is_evidence() -> None:
    for outcome in (Outcome.seen, Outcome.unchanged):
        assert evidence_for(rectified_at(5), a_look(6, outcome), "") is Evidence.frame


@pytest.mark.parametrize("outcome", [Outcome.blinded, Outcome.moved, Outcome.stale, Outcome.unreachable])
def test_a_view_that_shows_nothing_never_clears(outcome: Outcome) -> None:
    with pytest.raises(TransitionRefused, match=outcome):
        evidence_for(rectified_at(5), a_look(6, outcome), "  ")
    assert evidence_for(rectified_at(5), a_look(6, outcome), "到现场看过，已清") is Evidence.sign_off


def test_a_frame_from_before_it_was_put_right_is_none() -> None:
    with pytest.raises(TransitionRefused, match="since it was put right"):
        evidence_for(rectified_at(5), a_look(4), None)
    with pytest.raises(TransitionRefused, match="since it was put right"):
        evidence_for(rectified_at(5), None, None)


def test_a_place_that_is_hidden_or_still_dirty_does_not_clear_but_a_person_may_overrule_the_model() -> None:
    for opinion in (Opinion.unclear, Opinion.still_there):
        with pytest.raises(TransitionRefused):
            evidence_for(rectified_at(5), a_look(6, opinion=opinion), None)
        assert evidence_for(rectified_at(5), a_look(6, opinion=opinion), "是阴影") is Evidence.sign_off
    without_image = AfterLook("XJ-20261123-0001", minutes(6), Outcome.seen, Opinion.gone, None)
    with pytest.raises(TransitionRefused):
        evidence_for(rectified_at(5), without_image, None)
