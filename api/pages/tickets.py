"""The reviewer's pages: tickets, one ticket with its verdict, suppressions."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.addresses import own_path
from api.asked import PageAsked, TicketsAsked
from api.dependencies import Asking, Reviewing, TicketNumber, Wired, scope_of
from api.life_reading import life_facts
from api.pages.drawing import Drawn
from api.permissions import may
from api.reading import ticket_facts
from api.routes.tickets import FindingId
from pipeline.adapters import model_queries, queries
from pipeline.domain.ticket import MOVES, Role, Status
from pipeline.steps import review

router = APIRouter(include_in_schema=False)

PAGE_ROWS = 24
TOPICS = ("tickets",)
UNCHANGED = 204
Since = Annotated[int | None, Query(ge=0, description="what the page shows already")]


@router.get("/tickets")
def show_tickets(
    request: Request, services: Wired, drawing: Drawn, person: Asking, asked: Annotated[TicketsAsked, Query()]
) -> Response:
    only_unit = scope_of(person)
    now = services.clock.now()
    wanted = replace(asked.filter, only_unit=only_unit, now=now)
    with services.look() as connection:
        sequence = queries.sequence_of(connection, TOPICS)
        if asked.since == sequence:
            return Response(status_code=UNCHANGED)
        page = queries.ticket_page(connection, wanted, asked.sort, asked.cursor, PAGE_ROWS)
        by_status = queries.tickets_by_status(connection, only_unit)
        due = queries.tickets_due(connection, now, only_unit)
        categories = queries.all_categories(connection)
        sites, units = queries.site_names(connection), queries.unit_names(connection)
    return drawing.page(
        request, "tickets.html", asked=asked, page=page, by_status=by_status, categories=categories,
        statuses=list(Status), sequence=sequence, now=now, sites=sites, units=units, due=due,
    )  # fmt: skip


@router.get("/tickets/{number}")
def show_ticket(
    request: Request, services: Wired, drawing: Drawn, person: Asking, number: TicketNumber, since: Since = None
) -> Response:
    with services.look() as connection:
        sequence = queries.last_change_of(connection, number)
        if since == sequence:
            return Response(status_code=UNCHANGED)
        facts = ticket_facts(connection, number)
        reasons = queries.all_reasons(connection)
        categories = queries.all_categories(connection)
        following = queries.next_to_review(connection, number, scope_of(person))
        learned = model_queries.learned_from(connection, number) if may(person.role, "GET /models") else ()
    life = life_facts(services, person, number)
    return drawing.page(
        request, "ticket.html", facts=facts, life=life, number=number, reasons=reasons,
        categories=categories, following=following, learned=learned,
        sequence=sequence, may=_moves_of(facts.row.status, person.role), now=services.clock.now(),
    )  # fmt: skip


def _moves_of(status: str, role: Role) -> set[str]:
    """Statuses that this person may move the ticket to; the step decides again."""
    moves = MOVES[Status(status)]
    return {to.value for to, roles in moves.items() if role is Role.admin or role in roles}


@router.post("/tickets/{number}/confirm")
def confirm(services: Wired, person: Asking, number: TicketNumber) -> Response:
    review.confirm(services.units, number, person.name, person.role, services.clock.now())
    return RedirectResponse(f"/tickets/{number}", 303)


@router.post("/tickets/{number}/dismiss")
def dismiss(
    services: Wired,
    person: Asking,
    number: TicketNumber,
    reason: Annotated[str, Form(pattern=r"^[a-z0-9_]{1,40}$")],
) -> Response:
    review.dismiss(services.units, number, reason, person.name, person.role, services.clock.now())
    return RedirectResponse(f"/tickets/{number}", 303)


@router.post("/tickets/{number}/reopen")
def reopen(
    services: Wired, person: Asking, number: TicketNumber, wanted: Annotated[str, Form(alias="next")] = ""
) -> Response:
    review.reopen(services.units, number, person.name, person.role, services.clock.now())
    return RedirectResponse(own_path(wanted) if wanted else f"/tickets/{number}", 303)


@router.get("/suppressions")
def show_suppressions(
    request: Request, services: Wired, drawing: Drawn, asked: Annotated[PageAsked, Query()]
) -> Response:
    with services.look() as connection:
        sequence = queries.sequence_of(connection, TOPICS)
        if asked.since == sequence:
            return Response(status_code=UNCHANGED)
        page = queries.suppression_page(connection, asked.cursor, PAGE_ROWS)
    return drawing.page(request, "suppressions.html", page=page, sequence=sequence, now=services.clock.now())


@router.post("/suppressions/{finding_id}/lift")
def lift(services: Wired, person: Reviewing, finding_id: FindingId) -> Response:
    review.lift_suppression(services.units, finding_id, services.clock.now(), person.name)
    return RedirectResponse("/suppressions", 303)
