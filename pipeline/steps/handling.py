"""A unit's moves: accept, report a part, hand over, refuse, put right. Of several units the lead moves the ticket."""

from dataclasses import replace
from datetime import tzinfo

from pipeline.domain.errors import BadInput, TransitionRefused
from pipeline.domain.ticket import RUNNING, HistoryEntry, Mover, Role, Status, Ticket
from pipeline.domain.ticket_clock import stopped, without_deadline
from pipeline.ports import UnitOfWork, UnitsOfWork
from pipeline.steps.dispatch import save_move
from pipeline.steps.verify import VERIFY


def accept(units: UnitsOfWork, number: str, mover: Mover) -> Ticket:
    """Dispatched or reworked to in progress. Raises NotFound, TransitionRefused."""
    with units.writing() as uow:
        before = uow.tickets.get(number)
        if before.status is Status.in_progress:
            raise TransitionRefused(f"{number}: it is in progress already")
        ticket = before.moved_by_lead(Status.in_progress, mover, None)
        save_move(uow, ticket, HistoryEntry(number, mover.at, mover.who, Status.in_progress, None, mover.unit))
    return ticket


def report(units: UnitsOfWork, number: str, words: str, mover: Mover) -> Ticket:
    """A unit that takes part says what it did; the ticket stays where it is."""
    with units.writing() as uow:
        before = uow.tickets.get(number)
        if mover.role is Role.handler and mover.unit not in before.units:
            raise TransitionRefused(f"{number}: {mover.unit} takes no part in it")
        ticket = before.moved(before.status, mover.role, words)
        save_move(uow, ticket, HistoryEntry(number, mover.at, mover.who, "reported", None, mover.unit, words))
    return ticket


def rectify(units: UnitsOfWork, number: str, words: str, mover: Mover, zone: tzinfo) -> Ticket:
    """In progress to rectified: put right, in words. The clock stands from here, and a worker looks at the view again.

    Raises BadInput without words.
    """
    if not words.strip():
        raise BadInput(f"{number}: write what was done")
    with units.writing() as uow:
        ticket = uow.tickets.get(number).moved_by_lead(Status.rectified, mover, words)
        calendar = uow.deadline_terms(ticket.category, ticket.unit).calendar
        ticket = stopped(replace(ticket, rectified_at=mover.at), calendar, mover.at, zone)
        uow.errands.ask(VERIFY, number, {}, mover.who, mover.at)
        save_move(uow, ticket, HistoryEntry(number, mover.at, mover.who, Status.rectified, None, mover.unit, words))
    return ticket


def hand_over(units: UnitsOfWork, number: str, unit: str, words: str, mover: Mover) -> Ticket:
    """Another unit takes the lead's place; the deadline runs on, for a hand-over gains nobody time.

    Raises BadInput for a unit that is none, NotFound, TransitionRefused; also without words.
    """
    with units.writing() as uow:
        before = uow.tickets.get(number)
        if before.status not in RUNNING:
            raise TransitionRefused(f"{number}: no unit is at work on it")
        ticket = before.moved_by_lead(Status.dispatched, mover, words)
        if unit not in uow.rules.units():
            raise BadInput(f"no unit {unit[:80]!r}")
        if unit == before.units[0]:
            raise TransitionRefused(f"{number}: {unit} has it already")
        others = tuple(other for other in before.units[1:] if other != unit)
        ticket = ticket.with_units((unit, *others))
        told = f"{before.units[0]} → {unit}"
        save_move(uow, ticket, HistoryEntry(number, mover.at, mover.who, "handed_over", None, told, words))
    return ticket


def refuse(units: UnitsOfWork, number: str, words: str, mover: Mover) -> Ticket:
    """Back to filed, its deadline gone, for the dispatcher to send elsewhere; a dispatcher recalls it so.

    A unit that takes part without leading only leaves. Raises NotFound, TransitionRefused; also without words.
    """
    with units.writing() as uow:
        before = uow.tickets.get(number)
        if mover.role is Role.handler and before.joined_by(mover.unit):
            return _left(uow, before, words, mover)
        if before.status is not Status.dispatched:
            raise TransitionRefused(f"{number}: only what is dispatched and not yet accepted can be refused")
        ticket = without_deadline(before.moved_by_lead(Status.filed, mover, words))
        ticket = replace(ticket, units=(), dispatched_at=None)
        what = "refused" if mover.role is Role.handler else "recalled"
        save_move(uow, ticket, HistoryEntry(number, mover.at, mover.who, what, None, before.units[0], words))
    return ticket


def _left(uow: UnitOfWork, before: Ticket, words: str, mover: Mover) -> Ticket:
    ticket = before.moved(before.status, mover.role, words)
    ticket = ticket.with_units(tuple(unit for unit in before.units if unit != mover.unit))
    save_move(uow, ticket, HistoryEntry(ticket.number, mover.at, mover.who, "left", None, mover.unit, words))
    return ticket
