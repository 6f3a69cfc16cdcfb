"""From what tracking decided to tickets and their histories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pipeline.domain.camera import View
from pipeline.domain.category import Category
from pipeline.domain.finding import Finding
from pipeline.domain.ticket import HistoryEntry, Status, Ticket
from pipeline.ports import UnitOfWork
from pipeline.steps.track import Tracked

PATROL = "patrol"
"""Who: the patrol itself."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Stored images of one visit, by digest; every opened finding has both."""

    plain: str
    outlined: Mapping[str, str]
    """By finding id: its box drawn."""


def file_tickets(
    uow: UnitOfWork,
    view: View,
    tracked: Tracked,
    evidence: Evidence | None,
    at: datetime,
    terms: tuple[Mapping[str, Category], ZoneInfo],
) -> list[Ticket]:
    """File what opened, note what grew or cleared; the tickets filed. The images must be stored by now."""
    categories, zone = terms
    by_id = {finding.id: finding for finding in tracked.findings}
    filed = []
    for finding_id in tracked.opened:
        if evidence is None:
            raise ValueError("a ticket needs a stored image")
        ticket = _ticket(uow, view, by_id[finding_id], categories, at.astimezone(zone).strftime("%Y%m%d"), at)
        uow.tickets.add(
            ticket, HistoryEntry(ticket.number, at, PATROL, "filed_for_review", None, _onset(by_id[finding_id]))
        )
        uow.tickets.attach(ticket.number, _images(evidence, finding_id), at)
        filed.append(ticket)
    _note(uow, tracked.grown, "grown", evidence, at)
    _note(uow, tracked.cleared, "cleared", None, at)
    if filed or tracked.grown or tracked.cleared:
        uow.bump("tickets")
    return filed


def _ticket(
    uow: UnitOfWork, view: View, finding: Finding, categories: Mapping[str, Category], day: str, at: datetime
) -> Ticket:
    return Ticket(
        number=f"XJ-{day}-{uow.tickets.next_number(day):04d}",
        finding_id=finding.id,
        view_id=view.id,
        category=finding.category,
        kind=categories[finding.category].kind,
        site=view.site_name,
        unit=view.unit,
        status=Status.awaiting_review,
        created_at=at,
        recurring=finding.recurs is not None,
    )


def _onset(finding: Finding) -> str:
    """Between the last visit without it and the first with it."""
    earliest = finding.not_before.isoformat(timespec="seconds") if finding.not_before else "?"
    return f"onset {earliest} .. {finding.first_seen_at.isoformat(timespec='seconds')}"


def _images(evidence: Evidence, finding_id: str) -> dict[str, str]:
    return {"plain": evidence.plain, "outlined": evidence.outlined[finding_id]}


def _note(uow: UnitOfWork, finding_ids: Sequence[str], what: str, evidence: Evidence | None, at: datetime) -> None:
    for finding_id in finding_ids:
        ticket = uow.tickets.of_finding(finding_id)
        if ticket is None:
            continue
        uow.tickets.note(HistoryEntry(ticket.number, at, PATROL, what))
        if evidence is not None and finding_id in evidence.outlined:
            uow.tickets.attach(ticket.number, _images(evidence, finding_id), at)
