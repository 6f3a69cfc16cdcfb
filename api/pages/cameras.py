"""The engineer's pages of cameras: the list, one more, many more, and works on views."""

import csv
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Annotated

import xlsxwriter
from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from api.addresses import own_path
from api.camera_forms import add_camera
from api.camera_schemas import CameraIn, CamerasAsked, RepairsAsked
from api.dependencies import Asking, RowId, Wired
from api.pages.drawing import Drawn
from api.routes.cameras import take_list
from api.words import SITE_KINDS
from pipeline.adapters import camera_queries, queries
from pipeline.adapters.camera_lists import CHINESE_COLUMNS
from pipeline.domain.errors import BadInput
from pipeline.steps import views

router = APIRouter(include_in_schema=False)

PAGE_ROWS = 24
TOPICS = ("cameras", "visits")
UNCHANGED = 204
EXAMPLE = (
    "人民路东段1号", "人民路东段", "主干道", "是", "是", "人民路12号前", "30.9142", "120.3117", "GCJ-02", "周岚",
    "环境卫生管理所", "人民社区", "rtsp://viewer:change-me@192.0.2.11:554/Streaming/Channels/101",
)  # fmt: skip
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMN_WIDTH = 18


@dataclass(frozen=True, slots=True)
class CameraForm:
    """What the form of a camera sends; checked as the JSON route's body is."""

    given: CameraIn


async def camera_form(request: Request) -> CameraForm:
    """Raises BadInput, naming the field and never its value."""
    form = await request.form()
    fields = {name: str(value).strip() for name, value in form.items() if name in CameraIn.model_fields and value != ""}
    known = str(form.get("known_site", "")).strip()
    if known:
        fields |= {"site": known, "keep_site": "true"}
    try:
        return CameraForm(CameraIn.model_validate(fields))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise BadInput(f"{first['loc'][0] if first['loc'] else 'form'}: {first['msg']}") from None


Filled = Annotated[CameraForm, Depends(camera_form)]


@router.get("/cameras")
def show_cameras(
    request: Request, services: Wired, drawing: Drawn, asked: Annotated[CamerasAsked, Query()]
) -> Response:
    with services.look() as connection:
        sequence = queries.sequence_of(connection, TOPICS)
        if asked.since == sequence:
            return Response(status_code=UNCHANGED)
        page = camera_queries.camera_page(connection, asked.filter, asked.cursor, PAGE_ROWS)
        by_attention = camera_queries.cameras_by_attention(connection)
        sites, units = queries.site_names(connection), queries.unit_names(connection)
        repairs = camera_queries.repairs_by_state(connection)
    return drawing.page(
        request, "cameras.html", page=page, by_attention=by_attention, sites=sites, units=units, asked=asked,
        sequence=sequence, repairs=repairs, now=services.clock.now(),
    )  # fmt: skip


@router.get("/cameras/new")
def show_form(request: Request, services: Wired, drawing: Drawn) -> Response:
    with services.look() as connection:
        sites, units = queries.site_names(connection), queries.unit_names(connection)
    return drawing.page(request, "cameras_new.html", sites=sites, units=units, site_kinds=list(SITE_KINDS))


@router.post("/cameras")
def add(services: Wired, person: Asking, form: Filled) -> Response:
    view_id = add_camera(services, form.given, person.name)
    return RedirectResponse(f"/cameras/{view_id}", 303)


@router.get("/cameras/import")
def show_import(request: Request, drawing: Drawn) -> Response:
    return drawing.page(request, "cameras_import.html", report=None)


@router.post("/cameras/import")
def import_list(
    request: Request,
    services: Wired,
    drawing: Drawn,
    person: Asking,
    file: Annotated[UploadFile, File()],
    dry_run: Annotated[bool, Form()] = True,
) -> Response:
    if not file.filename:
        raise BadInput("choose a CSV or XLSX file first")
    report = take_list(services, file, dry_run, person.name)
    return drawing.page(request, "cameras_import.html", report=report)


@router.get("/cameras/template.csv")
def csv_template() -> Response:
    text = StringIO()
    csv.writer(text).writerows([list(CHINESE_COLUMNS), EXAMPLE])
    return _attached(text.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", "cameras.csv")


@router.get("/cameras/template.xlsx")
def xlsx_template() -> Response:
    written = BytesIO()
    book = xlsxwriter.Workbook(written, {"in_memory": True})
    sheet = book.add_worksheet("cameras")
    bold, text = book.add_format({"bold": True, "bg_color": "#e0f0f2"}), book.add_format({"num_format": "@"})
    sheet.set_column(0, len(CHINESE_COLUMNS) - 1, COLUMN_WIDTH, text)
    for column, (name, cell) in enumerate(zip(CHINESE_COLUMNS, EXAMPLE, strict=True)):
        sheet.write_string(0, column, name, bold)
        sheet.write_string(1, column, cell, text)
    sheet.freeze_panes(1, 0)
    book.close()
    return _attached(written.getvalue(), XLSX, "cameras.xlsx")


def _attached(content: bytes, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.get("/cameras/repairs")
def show_repairs(
    request: Request, services: Wired, drawing: Drawn, asked: Annotated[RepairsAsked, Query()]
) -> Response:
    with services.look() as connection:
        page = camera_queries.repair_page(connection, asked.closed, asked.cursor, PAGE_ROWS)
        by_state = camera_queries.repairs_by_state(connection)
    return drawing.page(
        request, "cameras_repairs.html", page=page, by_state=by_state, asked=asked, now=services.clock.now()
    )


@router.post("/cameras/repairs/{repair_id}/close")
def close_repair(
    services: Wired,
    person: Asking,
    repair_id: RowId,
    words: Annotated[str, Form(max_length=300)],
    wanted: Annotated[str, Form(alias="next")] = "",
) -> Response:
    views.close_repair(services.units, repair_id, words, person.name, services.clock.now())
    return RedirectResponse(own_path(wanted) if wanted else "/cameras/repairs", 303)
