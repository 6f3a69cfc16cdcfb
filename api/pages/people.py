"""The admin's pages: people, one person, the audit."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from api.dependencies import Asking, RowId, Services, Wired
from api.pages.drawing import Drawing, Drawn, Shown
from api.people_schemas import AuditAsked, PeopleAsked
from api.routes.people import TokenId, audit_filter, by, person_filter
from api.words import N_
from pipeline.adapters import accounts_admin, queries
from pipeline.adapters.accounts import LONGEST_NAME, hash_password, new_password
from pipeline.adapters.accounts_admin import Standing
from pipeline.adapters.audit import AuditFilter, audit_page, audit_words
from pipeline.domain.errors import BadInput, StreetPatrolError, TransitionRefused
from pipeline.domain.ticket import Role

router = APIRouter(include_in_schema=False)

PAGE_ROWS = 50
LAST_ENTRIES = 8
REFUSED_STATUS = 422
SAID = {
    accounts_admin.HANDLER_NEEDS_UNIT: N_("处置员必须属于一个责任单位"),
    accounts_admin.NAME_TAKEN: N_("已有同名人员"),
    accounts_admin.OWN_ACCOUNT: N_("不能改变自己的角色或停用自己，请由另一位管理员操作"),
    accounts_admin.OWN_PASSWORD: N_("请在“我的账号”中修改自己的密码"),
    accounts_admin.NO_PASSWORD_HERE: N_("此人通过统一身份登录，这里没有密码"),
    accounts_admin.LAST_ADMIN: N_("至少要保留一位管理员"),
}
NOT_SAVED = N_("未能保存，请检查输入")


class StandingForm(BaseModel):
    role: Role
    unit: str = Field("", max_length=80, pattern=r"^[^\x00]*$")
    disabled: bool = False

    @property
    def standing(self) -> Standing:
        return Standing(self.role, self.unit or None, self.disabled)


class PersonForm(StandingForm):
    name: str = Field(max_length=LONGEST_NAME, pattern=r"^[^\x00]*$")


@router.get("/people")
def show_people(request: Request, services: Wired, drawing: Drawn, asked: Annotated[PeopleAsked, Query()]) -> Response:
    return drawing.page(request, "people.html", asked=asked, **_people(services, asked), **_blank())


def _people(services: Services, asked: PeopleAsked) -> Shown:
    now = services.clock.now()
    with services.look() as connection:
        page = accounts_admin.person_page(connection, person_filter(asked), asked.cursor, PAGE_ROWS, now)
        return {"page": page, "units": queries.unit_names(connection), "roles": list(Role), "now": now}


def _blank() -> Shown:
    return {"refused": None, "name": "", "chosen": Standing(Role.handler)}


@router.post("/people")
def add_person(
    request: Request, services: Wired, drawing: Drawn, person: Asking, form: Annotated[PersonForm, Form()]
) -> Response:
    name = form.name.strip()
    password = new_password()
    hashed = hash_password(password)
    try:
        with services.change() as connection:
            accounts_admin.add_person(connection, name, form.standing, hashed, by(services, person))
    except (BadInput, TransitionRefused) as error:
        asked = PeopleAsked.model_validate({})
        return drawing.page(
            request, "people.html", REFUSED_STATUS, asked=asked, **_people(services, asked),
            refused=_said(error), name=name, chosen=form.standing,
        )  # fmt: skip
    return drawing.page(request, "people_secret.html", name=name, password=password, is_new=True)


def _said(error: StreetPatrolError) -> str:
    return SAID.get(str(error), NOT_SAVED)


@router.get("/people/audit")
def show_audit(request: Request, services: Wired, drawing: Drawn, asked: Annotated[AuditAsked, Query()]) -> Response:
    wanted = audit_filter(asked, services.settings.town_zone)
    with services.look() as connection:
        page = audit_page(connection, wanted, asked.cursor, PAGE_ROWS)
        actions, kinds = audit_words(connection)
    return drawing.page(request, "people_audit.html", asked=asked, page=page, actions=actions, kinds=kinds)


@router.get("/people/{person_id}")
def show_person(
    request: Request, services: Wired, drawing: Drawn, person_id: RowId,
    saved: Annotated[bool, Query()] = False,
) -> Response:  # fmt: skip
    with services.look() as connection:
        shown = _one(connection, services, person_id)
    return drawing.page(request, "people_one.html", **shown, saved=saved, refused=None)


def _one(connection: Connection, services: Services, person_id: int) -> Shown:
    now = services.clock.now()
    row = accounts_admin.one_person(connection, person_id, now)
    entries = audit_page(connection, AuditFilter(subject_kind="person", subject=row.name), None, LAST_ENTRIES)
    return {
        "row": row,
        "tokens": accounts_admin.tokens_of(connection, person_id, now),
        "units": queries.unit_names(connection),
        "roles": list(Role),
        "entries": [entry for entry in entries.rows if entry.subject == row.name],
        "now": now,
    }


@router.post("/people/{person_id}")
def change_person(
    request: Request, services: Wired, drawing: Drawn, person: Asking, person_id: RowId,
    form: Annotated[StandingForm, Form()],
) -> Response:  # fmt: skip
    try:
        with services.change() as connection:
            accounts_admin.change_person(connection, person_id, form.standing, by(services, person))
    except (BadInput, TransitionRefused) as error:
        return _refused(request, services, drawing, person_id, error)
    return RedirectResponse(f"/people/{person_id}?saved=1", 303)


def _refused(
    request: Request, services: Services, drawing: Drawing, person_id: int, error: StreetPatrolError
) -> Response:
    with services.look() as connection:
        shown = _one(connection, services, person_id)
    return drawing.page(request, "people_one.html", REFUSED_STATUS, **shown, saved=False, refused=_said(error))


@router.post("/people/{person_id}/reset-password")
def reset_password(request: Request, services: Wired, drawing: Drawn, person: Asking, person_id: RowId) -> Response:
    password = new_password()
    hashed = hash_password(password)
    try:
        with services.change() as connection:
            name = accounts_admin.one_person(connection, person_id, services.clock.now()).name
            accounts_admin.reset_password(connection, person_id, hashed, by(services, person))
    except TransitionRefused as error:
        return _refused(request, services, drawing, person_id, error)
    return drawing.page(request, "people_secret.html", name=name, password=password, is_new=False)


@router.post("/people/{person_id}/unlock")
def unlock(services: Wired, person: Asking, person_id: RowId) -> Response:
    with services.change() as connection:
        accounts_admin.one_person(connection, person_id, services.clock.now())
        accounts_admin.unlock(connection, person_id, by(services, person))
    return RedirectResponse(f"/people/{person_id}?saved=1", 303)


@router.post("/people/{person_id}/tokens/{token_id}/revoke")
def revoke_token(services: Wired, person: Asking, person_id: RowId, token_id: TokenId) -> Response:
    with services.change() as connection:
        accounts_admin.revoke_token(connection, person_id, token_id, by(services, person))
    return RedirectResponse(f"/people/{person_id}?saved=1", 303)
