"""The dispatcher's moves: send units by rule or by hand, let more join, suspend, go on, make void."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo

from pipeline.domain.dispatch import Proposal, proposal_for
from pipeline.domain.errors import BadInput, NotFound, TransitionRefused
from pipeline.domain.site import Site
from pipeline.domain.ticket import RUNNING, HistoryEntry, Mover, Role, Status, Ticket
from pipeline.domain.ticket_clock import going_on, stopped, with_deadline
from pipeline.ports import UnitOfWork, UnitsOfWork

MOST_UNITS = 6
DISPATCHERS = frozenset({Role.dispatcher, Role.admin})


def propose(units: UnitsOfWork, number: str) -> Proposal:
    """Whom the rules would send. Raises NotFound."""
    with units.reading() as uow:
        return proposal_of(uow, uow.tickets.get(number))


def dispatch(units: UnitsOfWork, number: str, chosen: Sequence[str], mover: Mover, zone: tzinfo) -> Ticket:
    """Filed to dispatched, to the chosen units, the lead first; to those of the rules where none is chosen.

    The deadline is bound here, as the lead's terms have it now. Raises BadInput for a unit that is none, NotFound,
    TransitionRefused.
    """
    with units.writing() as uow:
        before = uow.tickets.get(number)
        if before.status is not Status.filed:
            raise TransitionRefused(f"{number}: {before.status} cannot be dispatched; hand it over, or resume it")
        named = tuple(dict.fromkeys(chosen)) or proposal_of(uow, before).units
        if not named:
            raise BadInput(f"{number}: neither a rule nor its site names a unit; choose one")
        _check(uow, named)
        ticket = before.moved(Status.dispatched, mover.role, None).with_units(named)
        ticket = with_deadline(ticket, uow.deadline_terms(ticket.category, ticket.unit), mover.at, zone)
        ticket = replace(ticket, dispatched_at=mover.at, rectified_at=None, verified_at=None, evidence=None)
        how = None if chosen else "by rule"
        save_move(uow, ticket, HistoryEntry(number, mover.at, mover.who, Status.dispatched, None, _names(named), how))
    return ticket


def join(units: UnitsOfWork, number: str, unit: str, words: str, mover: Mover) -> Ticket:
    """Joint enforcement: one more unit takes part; the lead and the deadline stay. Raises as `dispatch`."""
    with units.writing() as uow:
        before = _for_dispatchers(uow.tickets.get(number), mover)
        if unit in before.units:
            raise TransitionRefused(f"{number}: {unit} takes part already")
        ticket = before.moved(before.status, mover.role, words)
        _check(uow, (*before.units, unit))
        ticket = ticket.with_units((*before.units, unit))
        save_move(uow, ticket, HistoryEntry(number, mover.at, mover.who, "joined", None, unit, words))
    return ticket


def suspend(units: UnitsOfWork, number: str, words: str, mover: Mover, zone: tzinfo) -> Ticket:
    """The clock stands until it goes on. Raises NotFound, TransitionRefused; also without words."""
    with units.writing() as uow:
        ticket = uow.tickets.get(number).moved(Status.suspended, mover.role, words)
        calendar = uow.deadline_terms(ticket.category, ticket.unit).calendar
        ticket = stopped(ticket, calendar, mover.at, zone)
        save_move(uow, ticket, HistoryEntry(number, mover.at, mover.who, Status.suspended, words=words))
    return ticket


def resume(units: UnitsOfWork, number: str, mover: Mover, zone: tzinfo) -> Ticket:
    """Back to the units that had it, with what was left of their time; to filed where it had none."""
    with units.writing() as uow:
        before = uow.tickets.get(number)
        if before.status is not Status.suspended:
            raise TransitionRefused(f"{number}: it is not suspended")
        ticket = before.moved(Status.dispatched if before.units else Status.filed, mover.role, None)
        calendar = uow.deadline_terms(ticket.category, ticket.unit).calendar
        ticket = going_on(ticket, calendar, mover.at, zone)
        save_move(uow, ticket, HistoryEntry(number, mover.at, mover.who, "resumed", None, ticket.status))
    return ticket


def make_void(units: UnitsOfWork, number: str, words: str, mover: Mover) -> Ticket:
    """For good. Its finding stays as it is, so that what still lies there makes no second ticket."""
    with units.writing() as uow:
        ticket = uow.tickets.get(number).moved(Status.void, mover.role, words)
        save_move(uow, ticket, HistoryEntry(number, mover.at, mover.who, Status.void, words=words))
    return ticket


def _for_dispatchers(ticket: Ticket, mover: Mover) -> Ticket:
    if mover.role not in DISPATCHERS:
        raise TransitionRefused(f"{ticket.number}: a {mover.role} may not choose its units")
    if ticket.status not in RUNNING:
        raise TransitionRefused(f"{ticket.number}: no unit is at work on it")
    return ticket


def proposal_of(uow: UnitOfWork, ticket: Ticket) -> Proposal:
    """Whom the rules would send now. A ticket of a site that is gone still has the unit it was filed with."""
    try:
        site: Site = uow.rules.site(ticket.site)
    except NotFound:
        return Proposal((ticket.unit,) if ticket.unit else ())
    found = proposal_for(uow.rules.all(), site, ticket.category, ticket.kind)
    return found if found.units or not ticket.unit else Proposal((ticket.unit,))


def _check(uow: UnitOfWork, named: Sequence[str]) -> None:
    known = uow.rules.units()
    if unknown := [unit for unit in named if unit not in known]:
        raise BadInput(f"no unit {unknown[0][:80]!r}")
    if len(named) > MOST_UNITS:
        raise BadInput(f"at most {MOST_UNITS} units take part in one ticket")


def _names(units: Sequence[str]) -> str:
    return "、".join(units)


def save_move(uow: UnitOfWork, ticket: Ticket, entry: HistoryEntry) -> None:
    uow.tickets.save(ticket, entry)
    uow.bump("tickets")
