"""A person's own account: language, password, tokens."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from api.dependencies import Asking, Services, Wired, scope_of
from api.errors import PASSWORD_PAGE
from api.pages.drawing import YEAR_S, Drawing, Drawn, Shown
from api.people_schemas import LONGEST_TOKEN_DAYS
from api.routes.people import TokenId, by
from api.words import N_
from pipeline.adapters import accounts_admin
from pipeline.adapters.accounts import (
    LONGEST_LABEL,
    LONGEST_PASSWORD,
    MOST_TOKENS,
    SHORTEST_PASSWORD,
    Person,
    open_page_session,
)
from pipeline.domain.errors import BadInput, TransitionRefused

router = APIRouter(include_in_schema=False)

REFUSED_STATUS = 422
TOKEN_DAYS = (30, 90, 365, 730)
NOT_REPEATED = N_("两次输入的新密码不一致")
NOT_CHANGED = N_("现有密码不正确，或新密码不符合要求")
TOO_MANY_TOKENS = N_("令牌已达上限，请先撤销不用的令牌")
NOT_SAVED = N_("未能保存，请检查输入")
Secret = Annotated[str, Field(max_length=LONGEST_PASSWORD, pattern=r"^[^\x00]*$")]


class PasswordForm(BaseModel):
    present: Secret
    wanted: Secret
    again: Secret


class TokenForm(BaseModel):
    name: str = Field(max_length=LONGEST_LABEL, pattern=r"^[^\x00]*$")
    days: int = Field(ge=1, le=LONGEST_TOKEN_DAYS)


@router.get("/account")
def show_account(
    request: Request, services: Wired, drawing: Drawn, person: Asking, saved: Annotated[bool, Query()] = False
) -> Response:
    return drawing.page(request, "account.html", **_account(services, person), saved=saved, refused=None, token=None)


def _account(services: Services, person: Person) -> Shown:
    now = services.clock.now()
    with services.look() as connection:
        return {
            "row": accounts_admin.one_person(connection, person.id, now),
            "tokens": accounts_admin.tokens_of(connection, person.id, now),
            "unit_only": scope_of(person) is not None,
            "days": TOKEN_DAYS,
            "most_tokens": MOST_TOKENS,
            "longest_label": LONGEST_LABEL,
            "now": now,
        }


@router.post("/account")
def change_account(
    services: Wired, person: Asking, lang: Annotated[str, Form(pattern="^(zh|en|)$", alias="language")]
) -> Response:
    with services.change() as connection:
        accounts_admin.set_language(connection, person, lang or None)
    answer = RedirectResponse("/account?saved=1", 303)
    keep_language(answer, lang or None)
    return answer


def keep_language(answer: Response, language: str | None) -> None:
    """In this browser, as the switch on every page does."""
    if language is None:
        answer.delete_cookie("lang", httponly=True, samesite="lax")
    else:
        answer.set_cookie("lang", language, max_age=YEAR_S, samesite="lax", httponly=True)


@router.get(PASSWORD_PAGE)
def show_password(request: Request, drawing: Drawn, person: Asking) -> Response:
    return _password_page(request, drawing, person, None)


def _password_page(request: Request, drawing: Drawing, person: Person, refused: str | None) -> Response:
    return drawing.page(
        request, "account_password.html", REFUSED_STATUS if refused else 200, refused=refused,
        forced=person.must_change, shortest=SHORTEST_PASSWORD, longest=LONGEST_PASSWORD,
    )  # fmt: skip


@router.post(PASSWORD_PAGE)
def change_password(
    request: Request, services: Wired, drawing: Drawn, person: Asking, form: Annotated[PasswordForm, Form()]
) -> Response:
    """Every session ends; this browser gets a new one."""
    if form.wanted != form.again:
        return _password_page(request, drawing, person, NOT_REPEATED)
    now = services.clock.now()
    words = (form.present, form.wanted)
    try:
        services.gate.checked(
            lambda: accounts_admin.change_own_password(services.engine, person, words, now, services.lock)
        )
    except BadInput:
        return _password_page(request, drawing, person, NOT_CHANGED)
    with services.change() as connection:
        secret = open_page_session(connection, person, now)
    answer = RedirectResponse("/" if person.must_change else "/account?saved=1", 303)
    services.cookie.write(request, answer, secret)
    return answer


@router.post("/account/tokens")
def make_token(
    request: Request, services: Wired, drawing: Drawn, person: Asking, form: Annotated[TokenForm, Form()]
) -> Response:
    token, refused = None, None
    try:
        with services.change() as connection:
            stamp, life = by(services, person), timedelta(days=form.days)
            token = accounts_admin.grant_token(connection, person.name, form.name.strip(), life, stamp)
    except TransitionRefused:
        refused = TOO_MANY_TOKENS
    except BadInput:
        refused = NOT_SAVED
    status = REFUSED_STATUS if refused else 200
    shown = _account(services, person)
    return drawing.page(request, "account.html", status, **shown, saved=False, refused=refused, token=token)


@router.post("/account/tokens/{token_id}/revoke")
def revoke_token(services: Wired, person: Asking, token_id: TokenId) -> Response:
    with services.change() as connection:
        accounts_admin.revoke_token(connection, person.id, token_id, by(services, person))
    return RedirectResponse("/account?saved=1", 303)


@router.post("/account/leave-elsewhere")
def leave_elsewhere(request: Request, services: Wired, person: Asking) -> Response:
    with services.change() as connection:
        accounts_admin.end_other_sessions(connection, person, request.state.session)
    return RedirectResponse("/account?saved=1", 303)
