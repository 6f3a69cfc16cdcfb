"""Pages of models: what looks, what waits for a person, where weights come from, and what people are asked."""

from pathlib import Path as File
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from api.asked import PageAsked
from api.dependencies import Asking, RowId, Services, Wired
from api.model_facts import (
    by_week,
    difference_out,
    learning_of,
    models_in,
    proposal_out,
    report_address,
    shadow_out,
    threshold_out,
    weeks_of,
)
from api.model_schemas import HASH12, LONGEST_SHADOW_DAYS, CurrentOut, DecisionIn, ShadowIn, ThresholdsAsked
from api.pages.drawing import Drawn, Shown
from api.routes import models as routes
from api.routes.models import Dataset, Hash
from pipeline.adapters import model_queries, queries
from pipeline.adapters.training_rows import RUNNING
from pipeline.domain.errors import NotFound
from pipeline.domain.model_version import ProposalState

router = APIRouter(include_in_schema=False)

SEE_OTHER = 303
UNCHANGED = 204
TOPICS = ("models",)
MOST_SHOWN = 30
MOST_LINES = 5
"""Models in the chart of precision: the newest."""
MOST_DIFFERENCES = 24
PAGE_ROWS = 50
KINDS_OF_REPORT = frozenset({".html", ".css", ".png", ".jpg", ".svg"})
Words = Annotated[str, Form(max_length=300, pattern=r"^[^\x00]*$")]
ReportName = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,60}\.[a-z]{3,4}$")]
Since = Annotated[int | None, Query(ge=0, description="what the page shows already")]


@router.get("/models")
def show_models(request: Request, services: Wired, drawing: Drawn, since: Since = None) -> Response:
    with services.look() as connection:
        sequence = queries.sequence_of(connection, TOPICS)
        if since == sequence:
            return Response(status_code=UNCHANGED)
        waiting = model_queries.all_proposals(connection, MOST_SHOWN, ProposalState.waiting.value)
        trainings = model_queries.all_trainings(connection, 1)
        latest = model_queries.all_promotions(connection, 1)
    weeks = weeks_of(services)
    return drawing.page(
        request, "models.html", sequence=sequence, current=_current(services),
        waiting=[proposal_out(row) for row in waiting], latest=latest[0] if latest else None,
        training=trainings[0] if trainings and trainings[0].state == RUNNING else None,
        weeks=by_week(weeks), lines=models_in(weeks, MOST_LINES), learning=learning_of(services),
        longest_shadow=LONGEST_SHADOW_DAYS, **_common(services),
    )  # fmt: skip


def _current(services: Services) -> CurrentOut | None:
    try:
        return routes.current_of(services)
    except NotFound:
        return None


def _common(services: Services) -> Shown:
    """Also what the tabs count."""
    with services.look() as connection:
        return {
            "categories": {row.code: (row.name_zh, row.name_en) for row in queries.all_categories(connection)},
            "names": model_queries.names_of_models(connection),
            "thresholds_waiting": model_queries.thresholds_waiting(connection),
            "now": services.clock.now(),
        }


@router.get("/models/history")
def show_history(request: Request, services: Wired, drawing: Drawn) -> Response:
    with services.look() as connection:
        versions = model_queries.all_versions(connection)[:MOST_SHOWN]
        promotions = model_queries.all_promotions(connection, MOST_SHOWN)
        proposals = model_queries.all_proposals(connection, MOST_SHOWN)
        trainings = model_queries.all_trainings(connection, MOST_SHOWN)
        datasets = model_queries.all_datasets(connection, MOST_SHOWN)
    return drawing.page(
        request, "models_history.html", versions=versions, promotions=promotions, proposals=proposals,
        trainings=trainings, datasets=datasets, report_address=report_address, **_common(services),
    )  # fmt: skip


@router.get("/models/thresholds")
def show_thresholds(
    request: Request, services: Wired, drawing: Drawn, asked: Annotated[ThresholdsAsked, Query()]
) -> Response:
    with services.look() as connection:
        page = model_queries.threshold_page(connection, asked.state, asked.cursor, asked.size or PAGE_ROWS)
        current = model_queries.champion(connection)
    return drawing.page(
        request, "models_thresholds.html", asked=asked, page=page, shown=[threshold_out(row) for row in page.rows],
        champion=current.model if current else None, **_common(services),
    )  # fmt: skip


@router.get("/models/shadow")
def show_shadow(request: Request, services: Wired, drawing: Drawn) -> Response:
    with services.look() as connection:
        runs = model_queries.all_shadow_runs(connection, MOST_SHOWN)
        differences = model_queries.differences_of(connection, runs[0].id, MOST_DIFFERENCES) if runs else ()
    return drawing.page(
        request, "models_shadow.html", runs=[shadow_out(row) for row in runs], asked=routes.read_asked(services),
        differences=[difference_out(row) for row in differences], **_common(services),
    )  # fmt: skip


@router.get("/models/versions/{hash12}")
def show_version(
    request: Request, services: Wired, drawing: Drawn, hash12: Hash, asked: Annotated[PageAsked, Query()]
) -> Response:
    with services.look() as connection:
        row = model_queries.one_version(connection, hash12)
        promotions = model_queries.all_promotions(connection, MOST_SHOWN, hash12)
        learned = _samples(services, row.dataset, asked) if row.dataset else None
    return drawing.page(
        request, "models_version.html", version=row, promotions=promotions, learned=learned, **_common(services)
    )  # fmt: skip


@router.get("/models/datasets/{dataset}")
def show_dataset(
    request: Request, services: Wired, drawing: Drawn, dataset: Dataset, asked: Annotated[PageAsked, Query()]
) -> Response:
    with services.look() as connection:
        row = model_queries.one_dataset(connection, dataset)
        models = model_queries.models_of(connection, dataset)
    return drawing.page(
        request, "models_dataset.html", dataset=row, models=models, learned=_samples(services, dataset, asked),
        **_common(services),
    )  # fmt: skip


def _samples(services: Services, dataset: str, asked: PageAsked) -> Shown:
    with services.look() as connection:
        return {
            "dataset": dataset,
            "page": model_queries.sample_page(connection, dataset, asked.cursor, asked.size or PAGE_ROWS),
            "by_use": model_queries.samples_by_use(connection, dataset),
            "reasons": {row.code: (row.name_zh, row.name_en) for row in queries.all_reasons(connection)},
        }


@router.get("/models/proposals/{proposal_id}/report/{name}")
def read_report(services: Wired, proposal_id: RowId, name: ReportName) -> Response:
    """A file of the report's own folder, which lies below the installation's home."""
    with services.look() as connection:
        row = model_queries.one_proposal(connection, proposal_id)
    return FileResponse(report_file(services.settings.home, row.report, name))


def report_file(home: File, folder: str, name: str) -> File:
    """Raises NotFound; also for what leads out of the folder, or the folder out of the home."""
    root = home.resolve()
    inside = (root / folder).resolve()
    path = (inside / name).resolve()
    safe = root in inside.parents and path.parent == inside and path.suffix in KINDS_OF_REPORT
    if not safe or not path.is_file():
        raise NotFound(f"the report has no {name}")
    return path


@router.post("/models/proposals/{proposal_id}/approve")
def approve(services: Wired, person: Asking, proposal_id: RowId, words: Words = "") -> Response:
    routes.approve(services, person, proposal_id, DecisionIn(words=words.strip()))
    return RedirectResponse("/models", SEE_OTHER)


@router.post("/models/proposals/{proposal_id}/reject")
def reject(services: Wired, person: Asking, proposal_id: RowId, words: Words = "") -> Response:
    routes.reject(services, person, proposal_id, DecisionIn(words=words.strip()))
    return RedirectResponse("/models", SEE_OTHER)


@router.post("/models/rollback")
def roll_back(services: Wired, person: Asking, words: Words = "") -> Response:
    routes.roll_back(services, person, DecisionIn(words=words.strip()))
    return RedirectResponse("/models", SEE_OTHER)


@router.post("/models/thresholds/{proposal_id}/approve")
def approve_threshold(services: Wired, person: Asking, proposal_id: RowId) -> Response:
    routes.approve_threshold(services, person, proposal_id)
    return RedirectResponse("/models/thresholds?state=waiting", SEE_OTHER)


@router.post("/models/thresholds/{proposal_id}/reject")
def reject_threshold(services: Wired, person: Asking, proposal_id: RowId) -> Response:
    routes.reject_threshold(services, person, proposal_id)
    return RedirectResponse("/models/thresholds?state=waiting", SEE_OTHER)


@router.post("/models/shadow/start")
def begin_shadow(
    services: Wired, person: Asking, model: Annotated[str, Form(pattern=HASH12)],
    days: Annotated[int, Form(ge=1, le=LONGEST_SHADOW_DAYS)],
) -> Response:  # fmt: skip
    routes.begin_shadow(services, person, ShadowIn(model=model, days=days))
    return RedirectResponse("/models/shadow", SEE_OTHER)


@router.post("/models/shadow/stop")
def end_shadow(services: Wired, person: Asking) -> Response:
    routes.end_shadow(services, person)
    return RedirectResponse("/models/shadow", SEE_OTHER)
