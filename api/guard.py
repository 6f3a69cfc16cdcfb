"""What stands before every route: who asks, whether that role may, whose ticket it is, and what is noted of it."""

from datetime import datetime

from fastapi import BackgroundTasks, Request
from sqlalchemy import Connection

from api.dependencies import Services, scope_of, services_of
from api.errors import LoginNeeded, PasswordChangeNeeded
from api.permissions import is_open, may
from pipeline.adapters.accounts import Entered, Person, SessionKind, entered_by, note_use
from pipeline.adapters.audit import view_of_image, view_of_ticket
from pipeline.adapters.ticket_scope import may_see_ticket
from pipeline.domain.errors import NotAllowed, NotFound

TOKEN_ONLY = frozenset({"/metrics"})
BEARER = "bearer "
WITH_A_BORROWED_PASSWORD = frozenset(
    {"GET /account/password", "POST /account/password", "POST /logout", "GET /api/v1/account",
     "POST /api/v1/account/password"}
)  # fmt: skip
"""All that a person may ask who must change the password first."""
LARGEST_VIEW = 2**31 - 1


def guard(request: Request, afterwards: BackgroundTasks) -> None:
    """Names the person who asks in `request.state.person`.

    Raises LoginNeeded, PasswordChangeNeeded, NotAllowed, and NotFound for another unit's ticket.
    """
    route = route_of(request)
    if is_open(route):
        return
    services = services_of(request)
    at = services.clock.now()
    with services.look() as connection:
        entered = _entered(request, services, connection, at)
        if entered is None:
            raise LoginNeeded("log in, or send a bearer token")
        _refuse(entered.person, route)
        _refuse_foreign_ticket(connection, entered.person, request.path_params.get("number"))
        view_id = _looked_at(connection, request)
    request.state.person = entered.person
    request.state.session = entered.digest
    _note(services, entered, view_id, afterwards, at)


def route_of(request: Request) -> str:
    """Such as `GET /tickets/{number}`."""
    return f"{request.method} {request.scope['route'].path}"


def _entered(request: Request, services: Services, connection: Connection, at: datetime) -> Entered | None:
    stated = request.headers.get("authorization")
    if stated is not None:
        secret = stated[len(BEARER) :].strip() if stated.lower().startswith(BEARER) else ""
        return entered_by(connection, secret, SessionKind.token, at) if secret else None
    cookie = None if request.url.path in TOKEN_ONLY else services.cookie.read(request)
    return entered_by(connection, cookie, SessionKind.page, at) if cookie else None


def _refuse(person: Person, route: str) -> None:
    if person.must_change and route not in WITH_A_BORROWED_PASSWORD:
        raise PasswordChangeNeeded("change your password first: another person knows it")
    if not may(person.role, route):
        raise NotAllowed(f"a {person.role} may not do this")


def _refuse_foreign_ticket(connection: Connection, person: Person, number: str | None) -> None:
    unit = scope_of(person)
    if number is not None and unit is not None and not may_see_ticket(connection, number, unit):
        raise NotFound(f"no ticket {number[:24]!r}")


def _looked_at(connection: Connection, request: Request) -> int | None:
    """The view whose frames or tickets are asked for."""
    parts = request.path_params
    if request.method != "GET":
        return None
    if "number" in parts:
        return view_of_ticket(connection, str(parts["number"]))
    if "digest" in parts:
        return view_of_image(connection, str(parts["digest"]))
    view = str(parts.get("view_id", ""))
    return int(view) if view.isdecimal() and view.isascii() and int(view) <= LARGEST_VIEW else None


def _note(services: Services, entered: Entered, view_id: int | None, afterwards: BackgroundTasks, at: datetime) -> None:
    """Tasks run once the answer has gone out, and not at all where the route raises."""
    look = (entered.person.name, view_id or 0)
    if view_id and services.looks.is_new(look, at):
        afterwards.add_task(services.looks.note, services.engine, look, at)
    if entered.stale:
        afterwards.add_task(_note_use, services, entered.digest, at)


def _note_use(services: Services, digest: str, at: datetime) -> None:
    with services.change() as connection:
        note_use(connection, digest, at)
