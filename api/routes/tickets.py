"""Tickets as JSON: lists, one ticket, verdicts, and what dismissals suppress."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.asked import PageAsked, TicketsAsked
from api.dependencies import Asking, Reviewing, TicketNumber, Wired, scope_of
from api.errors import problems
from api.reading import TicketFacts, ticket_facts
from api.schemas import (
    DismissIn,
    FindingOut,
    HistoryLine,
    Listing,
    StripFrame,
    SuppressionRow,
    TicketImage,
    TicketOut,
    TicketRow,
    VerdictOut,
)
from pipeline.adapters import queries
from pipeline.steps import review

router = APIRouter(prefix="/api/v1", tags=["tickets"])

PAGE_ROWS = 25
FindingId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,40}$", description="the finding")]


@router.get("/tickets", responses=problems(422))
def list_tickets(services: Wired, person: Asking, asked: Annotated[TicketsAsked, Query()]) -> Listing[TicketRow]:
    """Pages by keyset: new tickets neither shift nor double what follows."""
    wanted = replace(asked.filter, only_unit=scope_of(person), now=services.clock.now())
    with services.look() as connection:
        page = queries.ticket_page(connection, wanted, asked.sort, asked.cursor, asked.size or PAGE_ROWS)
    return Listing(rows=[TicketRow.model_validate(row) for row in page.rows], next=page.cursor)


@router.get("/tickets/{number}", responses=problems(404, 422))
def read_ticket(services: Wired, number: TicketNumber) -> TicketOut:
    with services.look() as connection:
        return _ticket_out(ticket_facts(connection, number))


def _ticket_out(facts: TicketFacts) -> TicketOut:
    row = facts.row
    finding = FindingOut.model_validate(
        {
            **row._asdict(),
            **facts.sightings._asdict(),
            "id": row.finding_id,
            "state": row.finding_state,
            "strip": [StripFrame.model_validate(frame) for frame in facts.strip],
        }
    )
    return TicketOut.model_validate(
        {
            **row._asdict(),
            "images": [TicketImage.model_validate(image) for image in facts.images],
            "history": [HistoryLine.model_validate(line) for line in facts.history],
            "finding": finding,
        }
    )


@router.post("/tickets/{number}/confirm", responses=problems(403, 404, 409, 422))
def confirm(services: Wired, person: Asking, number: TicketNumber) -> VerdictOut:
    """Awaiting review to filed (立案); labels the sample positive."""
    ticket = review.confirm(services.units, number, person.name, person.role, services.clock.now())
    return VerdictOut.model_validate(ticket)


@router.post("/tickets/{number}/dismiss", responses=problems(403, 404, 409, 422))
def dismiss(services: Wired, person: Asking, number: TicketNumber, verdict: DismissIn) -> VerdictOut:
    """Awaiting review to dismissed; the reason says what it teaches and for how long the place is suppressed."""
    ticket = review.dismiss(services.units, number, verdict.reason, person.name, person.role, services.clock.now())
    return VerdictOut.model_validate(ticket)


@router.post("/tickets/{number}/reopen", responses=problems(403, 404, 409, 422))
def reopen(services: Wired, person: Asking, number: TicketNumber) -> VerdictOut:
    """Takes a verdict back: awaiting review again, its label and suppression withdrawn."""
    ticket = review.reopen(services.units, number, person.name, person.role, services.clock.now())
    return VerdictOut.model_validate(ticket)


@router.get("/suppressions", tags=["suppressions"], responses=problems(422))
def list_suppressions(services: Wired, asked: Annotated[PageAsked, Query()]) -> Listing[SuppressionRow]:
    """Places where a category is not reported, because a person dismissed it there."""
    with services.look() as connection:
        page = queries.suppression_page(connection, asked.cursor, asked.size or PAGE_ROWS)
    return Listing(rows=[SuppressionRow.model_validate(row) for row in page.rows], next=page.cursor)


@router.post(
    "/suppressions/{finding_id}/lift",
    tags=["suppressions"],
    status_code=204,
    response_class=Response,
    responses=problems(403, 404, 409, 422),
)
def lift(services: Wired, person: Reviewing, finding_id: FindingId) -> None:
    """Ends a suppression: what still lies there becomes a candidate at the next visit."""
    review.lift_suppression(services.units, finding_id, services.clock.now(), person.name)
