"""Figures over tickets as JSON, CSV and XLSX."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.background import BackgroundTask

from api.dependencies import Services, Wired
from api.errors import problems
from api.figure_asked import FiguresAsked
from api.figure_export import CSV_TYPE, XLSX_TYPE, csv_lines, written_xlsx
from api.figure_facts import Figures, Precision
from api.figure_schemas import (
    AgeOut,
    CoverageOut,
    DayFigure,
    FiguresOut,
    PlaceOut,
    PrecisionOut,
    RecallOut,
    SiteCoverageOut,
    SiteOut,
    part_out,
    tally_out,
)
from pipeline.adapters import figure_queries
from pipeline.adapters.figure_queries import AGE_DAYS

router = APIRouter(prefix="/api/v1", tags=["figures"])

Asked = Annotated[FiguresAsked, Query()]
CSV_ANSWER: dict[int | str, dict[str, Any]] = {  # Any: FastAPI's own type
    200: {"description": "UTF-8 with a mark for Excel", "content": {"text/csv": {"schema": {"type": "string"}}}}
}
XLSX_ANSWER: dict[int | str, dict[str, Any]] = {  # Any: FastAPI's own type
    200: {"description": "A workbook", "content": {XLSX_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}


def figures_for(services: Services, asked: FiguresAsked) -> Figures:
    zone, now = services.settings.town_zone, services.clock.now()
    with services.look() as connection:
        return services.figures.read(connection, asked.wanted(zone, now), zone, now)


@router.get("/figures", responses=problems(422))
def read_figures(services: Wired, asked: Asked) -> FiguresOut:
    """Tickets created in the period, and what became of them by now."""
    figures = figures_for(services, asked)
    wanted = asked.wanted(services.settings.town_zone, figures.at)
    bounds = (0, *AGE_DAYS, None)
    return FiguresOut(
        at=figures.at,
        since=wanted.since,
        until=wanted.until,
        whole=tally_out(figures.whole, figures.median),
        by_unit=[part_out(code, its, figures.median_by_unit.get(code)) for code, its in figures.by_unit.items()],
        by_kind=[part_out(code, its) for code, its in figures.by_kind.items()],
        by_category=[
            part_out(code, its, figures.median_by_category.get(code)) for code, its in figures.by_category.items()
        ],
        ages=[
            AgeOut(from_days=bounds[place] or 0, to_days=bounds[place + 1], open=count)
            for place, count in enumerate(figures.ages)
        ],
        days=[DayFigure.model_validate(row, from_attributes=True) for row in figures.days],
        recurring=[PlaceOut.model_validate(row, from_attributes=True) for row in figures.recurring],
        precision_by_category=[_precision_out(its) for its in figures.precision_by_category],
        precision_by_view=[_precision_out(its) for its in figures.precision_by_view],
        recall=_recall_out(figures),
        coverage=CoverageOut(
            since=figures.coverage.since,
            rounds=figures.coverage.rounds,
            sites=[SiteCoverageOut.model_validate(site, from_attributes=True) for site in figures.coverage.sites],
        ),
    )


def _precision_out(its: Precision) -> PrecisionOut:
    low, high = its.rate.interval or (None, None)
    return PrecisionOut(
        code=its.code, name=its.name, right=its.right, wrong=its.wrong, allowed=its.allowed,
        share=its.rate.share, low=low, high=high,
    )  # fmt: skip


def _recall_out(figures: Figures) -> RecallOut | None:
    its, since = figures.recall, figures.recall_since
    if its is None or since is None:
        return None
    low, high = its.interval or (None, None)
    return RecallOut(
        since=since, found=its.found, read=its.read, missed=its.missed, sampling_share=its.sampling_share,
        share=its.share, low=low, high=high,
    )  # fmt: skip


@router.get("/figures/sites", responses=problems(422))
def list_sites(services: Wired, asked: Asked) -> list[SiteOut]:
    """Every site with its position and how many of its tickets are open and overdue."""
    now = services.clock.now()
    with services.look() as connection:
        rows = figure_queries.by_site(connection, asked.wanted(services.settings.town_zone, now), now)
    return [SiteOut.model_validate({**row._asdict(), "site": row.name}) for row in rows]


@router.get("/figures/export.csv", response_class=Response, responses={**CSV_ANSWER, **problems(422)})
def export_csv(services: Wired, asked: Asked) -> Response:
    """The tickets behind the figures, one a line."""
    lines = csv_lines(services, asked.wanted(services.settings.town_zone, services.clock.now()))
    return StreamingResponse(lines, media_type=CSV_TYPE, headers=_named("csv", services))


@router.get("/figures/export.xlsx", response_class=Response, responses={**XLSX_ANSWER, **problems(422)})
def export_xlsx(services: Wired, asked: Asked) -> Response:
    """Figures and the tickets behind them as a workbook."""
    figures = figures_for(services, asked)
    path = written_xlsx(services, asked.wanted(services.settings.town_zone, figures.at), figures)
    gone = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type=XLSX_TYPE, headers=_named("xlsx", services), background=gone)


def _named(ending: str, services: Services) -> dict[str, str]:
    day = services.clock.now().astimezone(services.settings.town_zone).strftime("%Y%m%d")
    return {"Content-Disposition": f'attachment; filename="streetpatrol-{day}.{ending}"'}
