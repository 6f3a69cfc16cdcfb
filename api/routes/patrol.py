"""Rounds, visits, views and their health as JSON."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.asked import PageAsked, RoundsAsked, ViewsAsked, VisitsAsked
from api.dependencies import RowId, Wired
from api.errors import problems
from api.reading import round_facts
from api.schemas import HealthRow, Listing, RoundRow, ViewRow, VisitRow
from pipeline.adapters import patrol_queries

router = APIRouter(prefix="/api/v1", tags=["patrol"])

PAGE_ROWS = 25


@router.get("/rounds", responses=problems(422))
def list_rounds(services: Wired, asked: Annotated[RoundsAsked, Query()]) -> Listing[RoundRow]:
    """Newest first, with coverage: only views that were seen or unchanged count."""
    with services.look() as connection:
        page = patrol_queries.round_page(connection, asked.plan, asked.cursor, asked.size or PAGE_ROWS)
        rounds = round_facts(connection, page.rows)
    return Listing(rows=[RoundRow.model_validate(row) for row in rounds], next=page.cursor)


@router.get("/rounds/{round_id}", responses=problems(404, 422))
def read_round(services: Wired, round_id: RowId) -> RoundRow:
    with services.look() as connection:
        row = patrol_queries.one_round(connection, round_id)
        return RoundRow.model_validate(round_facts(connection, [row])[0])


@router.get("/rounds/{round_id}/visits", responses=problems(404, 422))
def list_visits(services: Wired, round_id: RowId, asked: Annotated[VisitsAsked, Query()]) -> Listing[VisitRow]:
    """Visits that did not come to a look first."""
    with services.look() as connection:
        patrol_queries.one_round(connection, round_id)
        page = patrol_queries.visit_page(connection, round_id, asked.outcome, asked.cursor, asked.size or PAGE_ROWS)
    return Listing(rows=[VisitRow.model_validate(row) for row in page.rows], next=page.cursor)


@router.get("/views", responses=problems(422))
def list_views(services: Wired, asked: Annotated[ViewsAsked, Query()]) -> Listing[ViewRow]:
    """Active views, those looked at in vain first."""
    with services.look() as connection:
        page = patrol_queries.view_page(connection, asked.filter, asked.cursor, asked.size or PAGE_ROWS)
    return Listing(rows=[ViewRow.model_validate(row) for row in page.rows], next=page.cursor)


@router.get("/views/{view_id}", responses=problems(404, 422))
def read_view(services: Wired, view_id: RowId) -> ViewRow:
    with services.look() as connection:
        return ViewRow.model_validate(patrol_queries.one_view(connection, view_id))


@router.get("/views/{view_id}/health", responses=problems(404, 422))
def list_health(services: Wired, view_id: RowId, asked: Annotated[PageAsked, Query()]) -> Listing[HealthRow]:
    """A line whenever the view's outcome or fault changed, newest first."""
    with services.look() as connection:
        patrol_queries.one_view(connection, view_id)
        page = patrol_queries.health_page(connection, view_id, asked.cursor, asked.size or PAGE_ROWS)
    return Listing(rows=[HealthRow.model_validate(row) for row in page.rows], next=page.cursor)
