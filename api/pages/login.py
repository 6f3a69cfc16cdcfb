"""Log in, by password or through the provider; log out; front page."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.addresses import own_path
from api.dependencies import Services, Wired
from api.directory import Directory
from api.errors import ProviderFailed
from api.pages.account import keep_language
from api.pages.drawing import Drawing, Drawn
from api.words import N_
from pipeline.adapters.accounts import (
    LONGEST_NAME,
    LONGEST_PASSWORD,
    Person,
    check_password,
    open_page_session,
    revoke,
)
from pipeline.adapters.accounts_directory import DISABLED, NAME_IN_USE, NO_ROLE, Claimed, enter_from_directory
from pipeline.adapters.audit import note_audit
from pipeline.domain.audit import Audit
from pipeline.domain.errors import BadInput, NotAllowed, NotFound, StreetPatrolError

router = APIRouter(include_in_schema=False)

UNKNOWN_ADDRESS = "unknown"
BACK = "/login/directory/back"
WRONG = N_("用户名或密码不正确")
SAID = {
    NO_ROLE: N_("您在这里还没有角色，请联系管理员"),
    NAME_IN_USE: N_("已有同名的本地账号，请联系管理员"),
    DISABLED: N_("您的账号已停用，请联系管理员"),
}
NOT_TRUSTED = N_("统一身份登录没有完成，请再试一次")
NO_ANSWER = N_("统一身份服务没有响应，请稍后再试")


class LoginForm(BaseModel):
    name: str = Field(max_length=LONGEST_NAME, pattern=r"^[^\x00]*$")
    password: str = Field(max_length=LONGEST_PASSWORD)
    wanted: str = Field("/", alias="next", max_length=1000)


@router.get("/")
def front_page() -> Response:
    return RedirectResponse("/tickets", 303)


@router.get("/login")
def show_login(
    request: Request, services: Wired, drawing: Drawn, wanted: Annotated[str, Query(alias="next")] = "/"
) -> Response:
    return _door(request, services, drawing, LoginForm(name="", password="", next=wanted))


def _door(
    request: Request, services: Services, drawing: Drawing, form: LoginForm, refused: str | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    return drawing.page(
        request, "login.html", status, wanted=own_path(form.wanted), name=form.name, refused=refused,
        wrong=refused == WRONG, lock=services.lock, directory=services.directory,
    )  # fmt: skip


@router.post("/login")
def log_in(request: Request, services: Wired, drawing: Drawn, form: Annotated[LoginForm, Form()]) -> Response:
    """Runs in a worker thread, as every plain `def` here does: hashing must not hold up the others."""
    address = request.client.host if request.client else UNKNOWN_ADDRESS
    services.gate.enter(form.name, address)
    now = services.clock.now()
    person = services.gate.checked(
        lambda: check_password(services.engine, form.name, form.password, now, services.lock)
    )
    if person is None:
        return _door(request, services, drawing, form, WRONG, 401)
    services.gate.forget(form.name, address)
    return _enter(request, services, person, form.wanted)


def _enter(request: Request, services: Services, person: Person, wanted: str) -> Response:
    now = services.clock.now()
    with services.change() as connection:
        secret = open_page_session(connection, person, now)
        note_audit(connection, Audit(now, person.name, "logged_in", "person", person.name))
    answer = RedirectResponse(own_path(wanted), 303)
    services.cookie.write(request, answer, secret)
    if person.language:
        keep_language(answer, person.language)
    return answer


def _directory_of(services: Services) -> Directory:
    if services.directory is None:
        raise NotFound("no login provider is configured")
    return services.directory


@router.get("/login/directory")
async def go_to_directory(
    request: Request,
    services: Wired,
    drawing: Drawn,
    wanted: Annotated[str, Query(alias="next", max_length=1000)] = "/",
) -> Response:
    directory = _directory_of(services)
    back = str(request.base_url).rstrip("/") + BACK
    try:
        return await directory.send_there(request, back, own_path(wanted))
    except ProviderFailed:
        return _door(request, services, drawing, LoginForm(name="", password="", next=wanted), NO_ANSWER, 502)


@router.get(BACK)
async def come_back_from_directory(request: Request, services: Wired, drawing: Drawn) -> Response:
    directory = _directory_of(services)
    try:
        claimed, wanted = await directory.came_back(request)
        answer = await run_in_threadpool(_enter_claimed, request, services, claimed, wanted)
    except (NotAllowed, BadInput, ProviderFailed) as error:
        refused, status = _directory_refusal(error)
        answer = _door(request, services, drawing, LoginForm(name="", password="", next="/"), refused, status)
    directory.forget(request, answer)
    return answer


def _enter_claimed(request: Request, services: Services, claimed: Claimed, wanted: str) -> Response:
    with services.change() as connection:
        person = enter_from_directory(connection, claimed, services.clock.now())
    return _enter(request, services, person, wanted)


def _directory_refusal(error: StreetPatrolError) -> tuple[str, int]:
    if isinstance(error, ProviderFailed):
        return NO_ANSWER, 502
    return SAID.get(str(error), NOT_TRUSTED), 403


@router.post("/logout")
def log_out(request: Request, services: Wired) -> Response:
    secret = services.cookie.read(request)
    if secret is not None:
        with services.change() as connection:
            revoke(connection, secret)
    answer = RedirectResponse("/login", 303)
    services.cookie.clear(request, answer)
    return answer
