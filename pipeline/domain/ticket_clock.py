"""A ticket's deadline over its life: bound at dispatch, standing while it is suspended or awaits verification.

What a unit spends waiting for others is not its time: the clock stands from the moment it reports the thing put right,
and rework goes on with what was left then, overdue or not.
"""

from dataclasses import replace
from datetime import datetime, tzinfo
from enum import StrEnum

from pipeline.domain.ticket import RUNNING, Status, Ticket
from pipeline.domain.working_time import DeadlineTerms, Hours, WorkCalendar, due_after_pause, left_s


class Light(StrEnum):
    none = "none"
    """No deadline, or it runs no more."""
    stopped = "stopped"
    green = "green"
    amber = "amber"
    red = "red"


def with_deadline(ticket: Ticket, terms: DeadlineTerms, at: datetime, zone: tzinfo) -> Ticket:
    """The clock starts; later changes of the terms do not touch it."""
    due, amber = terms.due_at(at, zone), terms.amber_at(at, zone)
    if terms.deadline is None or due is None or amber is None:
        return without_deadline(ticket)
    amber_left_s = left_s(amber, due, terms.deadline.clock, terms.calendar, terms.hours, zone)
    return replace(
        ticket,
        deadline=terms.deadline,
        hours=terms.hours,
        due_at=due,
        amber_at=amber,
        amber_left_s=amber_left_s,
        left_s=None,
    )


def without_deadline(ticket: Ticket) -> Ticket:
    return replace(ticket, deadline=None, hours=None, due_at=None, amber_at=None, amber_left_s=0.0, left_s=None)


def stopped(ticket: Ticket, calendar: WorkCalendar, at: datetime, zone: tzinfo) -> Ticket:
    """Keeps what is left; a clock that stands already goes on standing. `due_at` stays, to be compared with."""
    bound = _bound(ticket)
    if bound is None or ticket.left_s is not None:
        return ticket
    hours, due = bound
    assert ticket.deadline is not None
    return replace(ticket, left_s=left_s(at, due, ticket.deadline.clock, calendar, hours, zone))


def going_on(ticket: Ticket, calendar: WorkCalendar, at: datetime, zone: tzinfo) -> Ticket:
    """Due when what was left is used up, counted from `at`; earlier than `at` for what was overdue."""
    bound = _bound(ticket)
    if bound is None or ticket.left_s is None:
        return ticket
    hours, _ = bound
    assert ticket.deadline is not None
    clock = ticket.deadline.clock
    due = due_after_pause(at, ticket.left_s, clock, calendar, hours, zone)
    amber = due_after_pause(at, ticket.left_s - ticket.amber_left_s, clock, calendar, hours, zone)
    return replace(ticket, due_at=due, amber_at=amber, left_s=None)


def light_of(
    status: Status, due_at: datetime | None, amber_at: datetime | None, left_s: float | None, now: datetime
) -> Light:
    """Amber before, red after, for as long as a unit is at work."""
    if due_at is None or amber_at is None:
        return Light.none
    if status not in RUNNING:
        return Light.stopped if left_s is not None and status in WAITING else Light.none
    if now > due_at:
        return Light.red
    return Light.amber if now >= amber_at else Light.green


WAITING = frozenset({Status.suspended, Status.rectified})


def _bound(ticket: Ticket) -> tuple[Hours, datetime] | None:
    if ticket.deadline is None or ticket.hours is None or ticket.due_at is None:
        return None
    return ticket.hours, ticket.due_at
