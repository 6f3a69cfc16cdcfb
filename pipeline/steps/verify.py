"""After it was put right: the view looked at again, verified on evidence, closed, or sent back as rework."""

from dataclasses import replace
from datetime import datetime, tzinfo

from pipeline.domain.errors import TransitionRefused
from pipeline.domain.finding import FindingState
from pipeline.domain.ticket import HistoryEntry, Mover, Status, Ticket
from pipeline.domain.ticket_clock import going_on
from pipeline.domain.verification import AfterLook, evidence_for
from pipeline.ports import UnitsOfWork
from pipeline.steps.dispatch import save_move
from pipeline.steps.file_tickets import PATROL

AFTER = "after"
"""Role of the image that the view gave after the ticket was put right."""
VERIFY = "verify_view"
"""Kind of errand."""
TO_BE_LOOKED_AT = frozenset({Status.in_progress, Status.rectified, Status.reworked, Status.verified})


def ask_look(units: UnitsOfWork, number: str, who: str, at: datetime) -> int:
    """Ask a worker to look at its view again; gives the errand's number. Raises NotFound, TransitionRefused."""
    with units.writing() as uow:
        ticket = uow.tickets.get(number)
        if ticket.status not in TO_BE_LOOKED_AT:
            raise TransitionRefused(f"{number}: a ticket that is {ticket.status} has nothing to verify yet")
        return uow.errands.ask(VERIFY, number, {}, who, at)


def take_look(units: UnitsOfWork, look: AfterLook) -> None:
    """Keep what the view showed when it was looked at again for a ticket. The image must be stored by now."""
    with units.writing() as uow:
        ticket = uow.tickets.get(look.number)
        uow.tickets.add_look(look)
        if look.image is not None:
            uow.tickets.attach(ticket.number, {AFTER: look.image}, look.at)
        uow.tickets.note(HistoryEntry(ticket.number, look.at, PATROL, "looked_again", None, _told(look)))
        uow.bump("tickets")


def verify(units: UnitsOfWork, number: str, words: str, mover: Mover) -> Ticket:
    """Rectified to verified: on a new frame of its view that shows it gone, or on the person's own words.

    Raises NotFound, and TransitionRefused where there is neither: a dark, covered or moved view never clears.
    """
    with units.writing() as uow:
        before = uow.tickets.get(number)
        ticket = before.moved(Status.verified, mover.role, None)
        evidence = evidence_for(before, uow.tickets.newest_look(number), words)
        ticket = replace(ticket, verified_at=mover.at, evidence=evidence)
        entry = HistoryEntry(number, mover.at, mover.who, Status.verified, None, evidence, words.strip() or None)
        save_move(uow, ticket, entry)
    return ticket


def rework(units: UnitsOfWork, number: str, words: str, mover: Mover, zone: tzinfo) -> Ticket:
    """Not good enough, and why: back to its units, with what was left of their time."""
    with units.writing() as uow:
        ticket = uow.tickets.get(number).moved(Status.reworked, mover.role, words)
        calendar = uow.deadline_terms(ticket.category, ticket.unit).calendar
        ticket = going_on(ticket, calendar, mover.at, zone)
        ticket = replace(ticket, reworked=ticket.reworked + 1, rectified_at=None, verified_at=None, evidence=None)
        save_move(uow, ticket, HistoryEntry(number, mover.at, mover.who, Status.reworked, words=words))
    return ticket


def close(units: UnitsOfWork, number: str, mover: Mover) -> Ticket:
    """Verified to closed. Its finding ends: what lies there from now on is another, and marked as recurring."""
    with units.writing() as uow:
        before = uow.tickets.get(number)
        ticket = before.moved(Status.closed, mover.role, None)
        if before.evidence is None:
            raise TransitionRefused(f"{number}: nothing shows that it was put right; verify it first")
        finding = uow.findings.get(ticket.finding_id)
        if finding.state is FindingState.open:
            uow.findings.save([finding.cleared(mover.at)])
        ticket = replace(ticket, closed_at=mover.at)
        save_move(uow, ticket, HistoryEntry(number, mover.at, mover.who, Status.closed, None, before.evidence))
    return ticket


def _told(look: AfterLook) -> str:
    return f"{look.outcome}, {look.opinion}" if look.image is not None else f"{look.outcome}: {look.why}"[:300]
