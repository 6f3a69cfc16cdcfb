"""The engineer's pages: rounds with their coverage, and the wall of views."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.asked import PageAsked, RoundsAsked, ViewsAsked, VisitsAsked
from api.dependencies import RowId, Wired
from api.pages.drawing import Drawn
from api.reading import round_facts
from pipeline.adapters import patrol_queries, queries
from pipeline.domain.patrol import Outcome

router = APIRouter(include_in_schema=False)

PAGE_ROWS = 30
PAGE_VIEWS = 36
PAGE_TICKETS = 8
PAGE_HEALTH = 20
TOPICS = ("rounds", "visits")
UNCHANGED = 204


@router.get("/rounds")
def show_rounds(request: Request, services: Wired, drawing: Drawn, asked: Annotated[RoundsAsked, Query()]) -> Response:
    with services.look() as connection:
        sequence = queries.sequence_of(connection, TOPICS)
        if asked.since == sequence:
            return Response(status_code=UNCHANGED)
        page = patrol_queries.round_page(connection, asked.plan, asked.cursor, PAGE_ROWS)
        rounds = round_facts(connection, page.rows)
    return drawing.page(
        request, "rounds.html", rounds=rounds, page=page, sequence=sequence, outcomes=list(Outcome),
        now=services.clock.now(),
    )  # fmt: skip


@router.get("/rounds/{round_id}")
def show_round(
    request: Request, services: Wired, drawing: Drawn, round_id: RowId, asked: Annotated[VisitsAsked, Query()]
) -> Response:
    with services.look() as connection:
        sequence = queries.sequence_of(connection, TOPICS)
        if asked.since == sequence:
            return Response(status_code=UNCHANGED)
        (facts,) = round_facts(connection, [patrol_queries.one_round(connection, round_id)])
        page = patrol_queries.visit_page(connection, round_id, asked.outcome, asked.cursor, PAGE_ROWS)
    return drawing.page(
        request, "round.html", facts=facts, page=page, sequence=sequence, outcomes=list(Outcome),
        asked=asked, now=services.clock.now(),
    )  # fmt: skip


@router.get("/views")
def show_views(request: Request, services: Wired, drawing: Drawn, asked: Annotated[ViewsAsked, Query()]) -> Response:
    with services.look() as connection:
        sequence = queries.sequence_of(connection, TOPICS)
        if asked.since == sequence:
            return Response(status_code=UNCHANGED)
        page = patrol_queries.view_page(connection, asked.filter, asked.cursor, PAGE_VIEWS)
        by_attention = patrol_queries.views_by_attention(connection)
        sites = queries.site_names(connection)
    return drawing.page(
        request, "views.html", page=page, by_attention=by_attention, sites=sites, asked=asked,
        sequence=sequence, now=services.clock.now(),
    )  # fmt: skip


@router.get("/views/{view_id}")
def show_view(
    request: Request, services: Wired, drawing: Drawn, view_id: RowId, asked: Annotated[PageAsked, Query()]
) -> Response:
    with services.look() as connection:
        sequence = queries.sequence_of(connection, TOPICS)
        if asked.since == sequence:
            return Response(status_code=UNCHANGED)
        view = patrol_queries.one_view(connection, view_id)
        health = patrol_queries.health_page(connection, view_id, asked.cursor, PAGE_HEALTH)
        here = queries.TicketFilter(view_id=view_id)
        tickets = queries.ticket_page(connection, here, "-created_at", None, PAGE_TICKETS)
    return drawing.page(
        request, "view.html", view=view, health=health, tickets=tickets, sequence=sequence,
        now=services.clock.now(),
    )  # fmt: skip
