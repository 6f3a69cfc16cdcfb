"""People, the own account with its tokens, and the audit as JSON."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection

from api.dependencies import Asking, RowId, Services, Wired, scope_of
from api.errors import problems
from api.people_schemas import (
    AccountChange,
    AccountOut,
    AuditAsked,
    AuditRow,
    PasswordChange,
    PeopleAsked,
    PersonChange,
    PersonIn,
    PersonMade,
    PersonRow,
    TokenIn,
    TokenMade,
    TokenRow,
)
from api.schemas import Listing
from pipeline.adapters import accounts_admin
from pipeline.adapters.accounts import Person, hash_password, new_password
from pipeline.adapters.accounts_admin import By, PersonFilter, Standing
from pipeline.adapters.audit import AuditFilter, audit_page
from pipeline.domain.ticket import Role

router = APIRouter(prefix="/api/v1", tags=["people"])

PAGE_ROWS = 50
NO_CONTENT = 204
TokenId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", examples=["7399b962f85490ea"])]


def by(services: Services, person: Person) -> By:
    return By(person.name, services.clock.now())


def person_filter(asked: PeopleAsked) -> PersonFilter:
    return PersonFilter(asked.role, asked.text)


def audit_filter(asked: AuditAsked, zone: ZoneInfo) -> AuditFilter:
    since = _start_of(asked.day_from, zone)
    until = _start_of(asked.day_to + timedelta(days=1), zone) if asked.day_to else None
    return AuditFilter(asked.who, asked.action, asked.kind, asked.subject, since, until)


def _start_of(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time(), zone) if day else None


@router.get("/people", responses=problems(422))
def list_people(services: Wired, asked: Annotated[PeopleAsked, Query()]) -> Listing[PersonRow]:
    """By name."""
    size = asked.size or PAGE_ROWS
    with services.look() as connection:
        page = accounts_admin.person_page(connection, person_filter(asked), asked.cursor, size, services.clock.now())
    return Listing(rows=[PersonRow.model_validate(row) for row in page.rows], next=page.cursor)


@router.post("/people", status_code=201, responses=problems(409, 422))
def add_person(services: Wired, person: Asking, wanted: PersonIn) -> PersonMade:
    """With a password that is shown once and must be changed at the first login."""
    password = new_password()
    hashed = hash_password(password)
    with services.change() as connection:
        standing = Standing(wanted.role, wanted.unit)
        added = accounts_admin.add_person(connection, wanted.name, standing, hashed, by(services, person))
        return PersonMade(person=_row(connection, added, services.clock.now()), password=password)


def _row(connection: Connection, person_id: int, at: datetime) -> PersonRow:
    return PersonRow.model_validate(accounts_admin.one_person(connection, person_id, at))


@router.get("/people/{person_id}", responses=problems(404, 422))
def read_person(services: Wired, person_id: RowId) -> PersonRow:
    with services.look() as connection:
        return _row(connection, person_id, services.clock.now())


@router.patch("/people/{person_id}", responses=problems(404, 409, 422))
def change_person(services: Wired, person: Asking, person_id: RowId, wanted: PersonChange) -> PersonRow:
    """Role, unit, disabled. A disabled person's sessions and tokens end at once; one admin always remains."""
    now = services.clock.now()
    with services.change() as connection:
        row = accounts_admin.one_person(connection, person_id, now)
        stated = {
            name: value
            for name, value in wanted.model_dump(exclude_unset=True).items()
            if value is not None or name == "unit"
        }
        standing = replace(Standing(Role(row.role), row.unit, row.disabled), **stated)
        accounts_admin.change_person(connection, person_id, standing, by(services, person))
        return _row(connection, person_id, now)


@router.post("/people/{person_id}/reset-password", responses=problems(404, 409, 422))
def reset_password(services: Wired, person: Asking, person_id: RowId) -> PersonMade:
    """A new password, shown once; every session and token of the person ends."""
    password = new_password()
    hashed = hash_password(password)
    with services.change() as connection:
        accounts_admin.reset_password(connection, person_id, hashed, by(services, person))
        return PersonMade(person=_row(connection, person_id, services.clock.now()), password=password)


@router.post("/people/{person_id}/unlock", responses=problems(404, 422))
def unlock(services: Wired, person: Asking, person_id: RowId) -> PersonRow:
    """After too many wrong passwords; one who is not locked stays so."""
    with services.change() as connection:
        accounts_admin.unlock(connection, person_id, by(services, person))
        return _row(connection, person_id, services.clock.now())


@router.get("/people/{person_id}/tokens", responses=problems(404, 422))
def list_tokens_of(services: Wired, person_id: RowId) -> list[TokenRow]:
    now = services.clock.now()
    with services.look() as connection:
        accounts_admin.one_person(connection, person_id, now)
        return [TokenRow.model_validate(row) for row in accounts_admin.tokens_of(connection, person_id, now)]


@router.delete(
    "/people/{person_id}/tokens/{token_id}",
    status_code=NO_CONTENT,
    response_class=Response,
    responses=problems(404, 422),
)
def revoke_token_of(services: Wired, person: Asking, person_id: RowId, token_id: TokenId) -> None:
    with services.change() as connection:
        accounts_admin.revoke_token(connection, person_id, token_id, by(services, person))


@router.get("/account", tags=["account"], responses=problems())
def read_account(services: Wired, person: Asking) -> AccountOut:
    """Of the person who asks."""
    with services.look() as connection:
        row = accounts_admin.one_person(connection, person.id, services.clock.now())
    return AccountOut.model_validate({**row._asdict(), "unit_only": scope_of(person) is not None})


@router.patch("/account", tags=["account"], responses=problems(422))
def change_account(services: Wired, person: Asking, wanted: AccountChange) -> AccountOut:
    with services.change() as connection:
        accounts_admin.set_language(connection, person, wanted.language)
    return read_account(services, person)


@router.post(
    "/account/password",
    tags=["account"],
    status_code=NO_CONTENT,
    response_class=Response,
    responses=problems(422),
)
def change_password(services: Wired, person: Asking, wanted: PasswordChange) -> None:
    """Ends every session and token of the person, the one in use too. Wrong tries count as at the login."""
    words = (wanted.present, wanted.wanted)
    services.gate.checked(
        lambda: accounts_admin.change_own_password(services.engine, person, words, services.clock.now(), services.lock)
    )


@router.get("/account/tokens", tags=["account"], responses=problems())
def list_tokens(services: Wired, person: Asking) -> list[TokenRow]:
    """Bearer tokens of the person who asks, the newest first."""
    with services.look() as connection:
        rows = accounts_admin.tokens_of(connection, person.id, services.clock.now())
    return [TokenRow.model_validate(row) for row in rows]


@router.post("/account/tokens", tags=["account"], status_code=201, responses=problems(409, 422))
def make_token(services: Wired, person: Asking, wanted: TokenIn) -> TokenMade:
    """A bearer token with the person's own role; shown once."""
    life = timedelta(days=wanted.days)
    stamp = by(services, person)
    with services.change() as connection:
        token = accounts_admin.grant_token(connection, person.name, wanted.name, life, stamp)
    return TokenMade(token=token, expires_at=stamp.at + life)


@router.delete(
    "/account/tokens/{token_id}",
    tags=["account"],
    status_code=NO_CONTENT,
    response_class=Response,
    responses=problems(404, 422),
)
def revoke_token(services: Wired, person: Asking, token_id: TokenId) -> None:
    with services.change() as connection:
        accounts_admin.revoke_token(connection, person.id, token_id, by(services, person))


@router.post(
    "/account/leave-elsewhere",
    tags=["account"],
    status_code=NO_CONTENT,
    response_class=Response,
    responses=problems(),
)
def leave_elsewhere(request: Request, services: Wired, person: Asking) -> None:
    """Log out of every browser but this one."""
    with services.change() as connection:
        accounts_admin.end_other_sessions(connection, person, request.state.session)


@router.get("/audit", tags=["audit"], responses=problems(422))
def list_audit(services: Wired, asked: Annotated[AuditAsked, Query()]) -> Listing[AuditRow]:
    """Who changed or looked at what, newest first; `./patrol audit verify` walks the chain of hashes."""
    wanted = audit_filter(asked, services.settings.town_zone)
    with services.look() as connection:
        page = audit_page(connection, wanted, asked.cursor, asked.size or PAGE_ROWS)
    return Listing(rows=[AuditRow.model_validate(row) for row in page.rows], next=page.cursor)
