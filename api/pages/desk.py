"""The review desk's pages: the desk itself, what measures readers, known answers, reasons."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from api.asked import PageAsked
from api.dependencies import Asking, RowId, TicketNumber, Wired
from api.desk_positions import plotted
from api.desk_reading import DAYS, Span, quality_out, reviewer_of
from api.desk_schemas import DIGEST, TICKET
from api.pages.drawing import Drawn
from api.routes.desk import Days, ReasonCode
from pipeline.adapters import desk_quality, desk_queries, queries
from pipeline.domain.desk import KnownAnswer
from pipeline.domain.errors import BadInput
from pipeline.domain.review import MISSED, NOTHING, Reason, Ruling, Suppresses, Teaches, VerdictKind
from pipeline.steps import known_answers, reasons, review

router = APIRouter(include_in_schema=False)

PAGE_ROWS = 30
SEE_OTHER = 303


class ReasonForm(BaseModel):
    name_zh: str = Field(max_length=60)
    name_en: str = Field(max_length=60)
    teaches: Teaches
    suppresses: Suppresses
    days: str = Field("", max_length=4)

    def reason(self, code: str) -> Reason:
        """Days count only with a suppression until a date. Raises BadInput where they are missing."""
        until = self.suppresses is Suppresses.until_date
        if until and not (self.days.isdecimal() and self.days.isascii()):
            raise BadInput("a suppression until a date needs its number of days")
        days = int(self.days) if until else None
        return Reason(code, self.name_zh.strip(), self.name_en.strip(), self.teaches, self.suppresses, days)


class NewReasonForm(ReasonForm):
    code: str = Field(max_length=40)


class KnownAsked(PageAsked):
    number: str = Field("", max_length=24, description="fills the form")
    image: str = Field("", max_length=64)


@router.get("/desk")
def show_desk(request: Request, services: Wired, drawing: Drawn) -> Response:
    with services.look() as connection:
        offered = queries.all_reasons(connection)
        categories = queries.all_categories(connection)
        sites = plotted(desk_queries.positions(connection))
    return drawing.page(
        request,
        "desk.html",
        reasons=offered,
        categories=categories,
        sites=sites,
        lease_s=services.settings.lease_s,
        zone=services.settings.zone,
    )


@router.post("/tickets/{number}/relabel")
def relabel(
    services: Wired, person: Asking, number: TicketNumber, category: Annotated[str, Form(pattern=r"^[a-z0-9_]{1,40}$")]
) -> Response:
    ruling = Ruling(VerdictKind.relabelled, category=category)
    review.judge_one(services.units, number, ruling, person.name, person.role, services.clock.now())
    return RedirectResponse(f"/tickets/{number}", SEE_OTHER)


@router.get("/desk/quality")
def show_quality(request: Request, services: Wired, drawing: Drawn, days: Days = DAYS) -> Response:
    since = services.clock.now() - timedelta(days=days)
    with services.look() as connection:
        quality = quality_out(connection, Span(since, days))
    settings = services.settings
    return drawing.page(
        request, "desk_quality.html", quality=quality, second_share=settings.second_share,
        known_share=settings.known_share, sample_share=settings.sample_share,
    )  # fmt: skip


@router.get("/desk/known")
def show_known(
    request: Request,
    services: Wired,
    drawing: Drawn,
    asked: Annotated[KnownAsked, Query()],
) -> Response:
    with services.look() as connection:
        page = desk_quality.known_page(connection, asked.cursor, PAGE_ROWS)
        categories = queries.all_categories(connection)
    return drawing.page(
        request, "desk_known.html", page=page, categories=categories, asked=asked,
        sample_answers=(NOTHING, MISSED),
    )  # fmt: skip


@router.post("/desk/known")
def plant(
    services: Wired,
    person: Asking,
    answer: Annotated[str, Form(pattern=r"^[a-z0-9_]{1,40}$")],
    number: Annotated[str, Form(pattern=rf"^$|{TICKET}")] = "",
    image: Annotated[str, Form(pattern=rf"^$|{DIGEST}")] = "",
) -> Response:
    known = KnownAnswer(answer, number or None, None if number else image or None)
    known_answers.plant(services.units, known, reviewer_of(person), services.clock.now())
    return RedirectResponse("/desk/known", SEE_OTHER)


@router.post("/desk/known/{known_id}/retire")
def retire_known(services: Wired, person: Asking, known_id: RowId) -> Response:
    known_answers.retire_known(services.units, known_id, reviewer_of(person), services.clock.now())
    return RedirectResponse("/desk/known", SEE_OTHER)


@router.get("/desk/reasons")
def show_reasons(request: Request, services: Wired, drawing: Drawn) -> Response:
    with services.look() as connection:
        rows = desk_queries.reason_rows(connection)
    return drawing.page(
        request, "reasons.html", rows=rows, teaches=[one.value for one in Teaches],
        suppresses=[one.value for one in Suppresses],
    )  # fmt: skip


@router.post("/desk/reasons")
def add_reason(services: Wired, person: Asking, form: Annotated[NewReasonForm, Form()]) -> Response:
    reasons.add_reason(services.units, form.reason(form.code), person.name, services.clock.now())
    return RedirectResponse("/desk/reasons", SEE_OTHER)


@router.post("/desk/reasons/order")
def move_reason(
    services: Wired,
    person: Asking,
    code: Annotated[str, Form(pattern=r"^[a-z0-9_]{1,40}$")],
    step: Annotated[int, Form(ge=-1, le=1)],
) -> Response:
    reasons.move_reason(services.units, code, step, person.name, services.clock.now())
    return RedirectResponse("/desk/reasons", SEE_OTHER)


@router.post("/desk/reasons/{code}")
def change_reason(services: Wired, person: Asking, code: ReasonCode, form: Annotated[ReasonForm, Form()]) -> Response:
    reasons.change_reason(services.units, form.reason(code), person.name, services.clock.now())
    return RedirectResponse("/desk/reasons", SEE_OTHER)


@router.post("/desk/reasons/{code}/retire")
def retire_reason(services: Wired, person: Asking, code: ReasonCode) -> Response:
    reasons.retire_reason(services.units, code, True, person.name, services.clock.now())
    return RedirectResponse("/desk/reasons", SEE_OTHER)


@router.post("/desk/reasons/{code}/restore")
def restore_reason(services: Wired, person: Asking, code: ReasonCode) -> Response:
    reasons.retire_reason(services.units, code, False, person.name, services.clock.now())
    return RedirectResponse("/desk/reasons", SEE_OTHER)


@router.post("/desk/reasons/{code}/remove")
def remove_reason(services: Wired, person: Asking, code: ReasonCode) -> Response:
    reasons.remove_reason(services.units, code, person.name, services.clock.now())
    return RedirectResponse("/desk/reasons", SEE_OTHER)
