"""For those who watch the product: is it alive, is it ready, how is it doing."""

from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.dependencies import Wired
from api.errors import problems
from api.metrics import exposition
from api.schemas import Alive, Ready
from pipeline.adapters import queries
from pipeline.adapters.calendars import knowledge_of, town_calendar

router = APIRouter(tags=["watch"])

OPEN: dict[str, Any] = {"security": []}  # Any: FastAPI's own type
OPEN_PROBLEMS: dict[int | str, dict[str, Any]] = {503: problems()[503]}
SCRAPED: dict[int | str, dict[str, Any]] = {200: {"content": {CONTENT_TYPE_LATEST: {"schema": {"type": "string"}}}}}


@router.get("/healthz", openapi_extra=OPEN)
async def is_alive() -> Alive:
    """The process lives; says nothing of what it needs."""
    return Alive(status="ok")


@router.get("/readyz", responses=OPEN_PROBLEMS, openapi_extra=OPEN)
def is_ready(services: Wired) -> Ready:
    """The database answers with our tables and the image folder can be written."""
    today = services.clock.now().astimezone(services.settings.town_zone).date()
    with services.look() as connection:
        queries.all_categories(connection)
        calendar = knowledge_of(town_calendar(connection), today)
    services.images.check()
    return Ready(status="ready", warnings=[calendar.warning] if calendar.warning else [])


@router.get("/metrics", response_class=Response, responses={**SCRAPED, **problems()})
def metrics(services: Wired) -> Response:
    """Prometheus text, counted from the database at each scrape; needs a bearer token."""
    with services.look() as connection:
        text = exposition(connection, services.tally, services.clock.now())
    return Response(text, media_type=CONTENT_TYPE_LATEST)


@router.get("/api/v1/openapi.json", include_in_schema=False)
def openapi(request: Request) -> dict[str, object]:
    described: dict[str, object] = request.app.openapi()
    return described
