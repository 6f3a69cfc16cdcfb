"""The figures page and the wall map."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import Services, Wired
from api.figure_asked import FiguresAsked
from api.pages.drawing import Drawn
from api.pages.site_map import drawn_map
from api.routes.figures import export_csv, export_xlsx, figures_for
from pipeline.adapters import figure_queries, queries
from pipeline.adapters.figure_queries import AGE_DAYS, OPEN, FigureFilter
from pipeline.adapters.ticket_cuts import DONE, WITH_A_UNIT
from pipeline.domain.ticket import Status

router = APIRouter(include_in_schema=False)
router.get("/figures/export.csv")(export_csv)
router.get("/figures/export.xlsx")(export_xlsx)

Asked = Annotated[FiguresAsked, Query()]
PERIODS = ("7", "30", "90", "365", "all")
SHOWN_PERIODS = frozenset({"period", "since", "until"})
UNDER_WAY = tuple(
    status for status in OPEN if status not in (Status.awaiting_review.value, Status.suspended.value)
)  # fmt: skip
CONFIRMED = tuple(status.value for status in Status if status not in (Status.awaiting_review, Status.dismissed))
GROUPS = {
    "open": OPEN, "under_way": UNDER_WAY, "confirmed": CONFIRMED, "done": DONE, "with_a_unit": WITH_A_UNIT,
}  # fmt: skip


@router.get("/figures")
def show_figures(request: Request, services: Wired, drawing: Drawn, asked: Asked) -> Response:
    figures = figures_for(services, asked)
    wanted = asked.wanted(services.settings.town_zone, figures.at)
    return drawing.page(
        request, "figures.html", figures=figures, wanted=wanted, age_bounds=(0, *AGE_DAYS, None),
        to_tickets=_linker(wanted), age_cut=partial(_age_cut, wanted, figures.at),
        **_choices(services, asked, figures.at),
    )  # fmt: skip


@router.get("/figures/map")
def show_map(request: Request, services: Wired, drawing: Drawn, asked: Asked) -> Response:
    now = services.clock.now()
    wanted = asked.wanted(services.settings.town_zone, now)
    with services.look() as connection:
        sites = figure_queries.by_site(connection, wanted, now)
    return drawing.page(
        request, "figures_map.html", drawn=drawn_map(sites), sites=sites, now=now, to_tickets=_linker(wanted),
        **_choices(services, asked, now),
    )  # fmt: skip


def _choices(services: Services, asked: FiguresAsked, now: datetime) -> dict[str, Any]:  # Any: what a template is given
    """What the form of filters offers."""
    first, last = asked.days(services.settings.town_zone, now)
    with services.look() as connection:
        return {
            "asked": asked, "first": first, "last": last, "periods": PERIODS,
            "categories": queries.all_categories(connection), "sites_known": queries.site_names(connection),
            "units": queries.unit_names(connection), "at": now,
        }  # fmt: skip


def _linker(wanted: FigureFilter) -> Callable[..., str]:
    return partial(tickets_address, wanted)


def tickets_address(wanted: FigureFilter, group: str | None = None, **narrowed: object) -> str:
    """The list of the tickets behind a figure: those of `wanted`, of a group of statuses, narrowed further.

    A None among `narrowed` takes the filter of that name out.
    """
    asked: dict[str, object] = {
        "created_from": _moment(wanted.since), "created_before": _moment(wanted.until), "unit": wanted.unit,
        "category": wanted.category, "site": wanted.site, "status": GROUPS.get(group or "", ()), **narrowed,
    }  # fmt: skip
    pairs = [(name, value) for name, values in asked.items() for value in _each(values)]
    return f"/tickets?{urlencode(pairs)}" if pairs else "/tickets"


def _age_cut(wanted: FigureFilter, now: datetime, youngest: int, oldest: int | None) -> dict[str, datetime | None]:
    """When tickets of a class of age were created, within the period; in days."""
    since, until = wanted.since, wanted.until
    if oldest is not None:
        since = max(now - timedelta(days=oldest), since) if since else now - timedelta(days=oldest)
    if youngest:
        until = min(now - timedelta(days=youngest), until) if until else now - timedelta(days=youngest)
    return {"created_from": since, "created_before": until}


def _each(values: object) -> Sequence[str]:
    if values is None or values == "":
        return ()
    if isinstance(values, datetime):
        return (_moment(values) or "",)
    if isinstance(values, tuple | list):
        return tuple(str(value) for value in values)
    return (str(values).lower() if isinstance(values, bool) else str(values),)


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
