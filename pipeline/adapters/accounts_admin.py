"""What admins do to accounts, and people to their own; every change is noted in the audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Engine
from sqlalchemy.exc import IntegrityError

from pipeline.adapters.accounts import (
    NO_PASSWORD,
    TOKEN_ID_LENGTH,
    Lock,
    Person,
    SessionKind,
    check_password,
    checked_name,
    hash_password,
    make_token,
    set_password,
)
from pipeline.adapters.audit import note_audit
from pipeline.adapters.database import writing
from pipeline.adapters.keyset import FlatRow, Order, Page
from pipeline.adapters.tables import people, sessions, units
from pipeline.domain.audit import Audit
from pipeline.domain.errors import BadInput, NotFound, TransitionRefused
from pipeline.domain.ticket import Role

LANGUAGES = ("zh", "en")
HANDLER_NEEDS_UNIT = "a handler belongs to a unit: name it"
NAME_TAKEN = "another person bears this name already"
OWN_ACCOUNT = "nobody changes the own role or disables the own account: ask another admin"
OWN_PASSWORD = "change your own password on the account page"  # noqa: S105 - a message
NO_PASSWORD_HERE = "this person logs in through the provider and has no password here"  # noqa: S105 - a message
LAST_ADMIN = "at least one admin must remain"


@dataclass(frozen=True, slots=True)
class Standing:
    """What an admin decides of a person."""

    role: Role
    unit: str | None = None
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class By:
    """Who changes an account, and when."""

    who: str
    at: datetime


def person_rows(at: datetime) -> Any:  # Any: a select of labelled columns
    """People as pages and API show them; no hash among the columns."""
    tokens = (
        sa.select(sa.func.count())
        .where(
            sessions.c.person_id == people.c.id,
            sessions.c.kind == SessionKind.token.value,
            sessions.c.expires_at > at,
        )
        .scalar_subquery()
    )
    return sa.select(
        people.c.id,
        people.c.name,
        people.c.role,
        people.c.unit,
        people.c.disabled,
        people.c.must_change,
        people.c.language,
        people.c.created_at,
        people.c.last_login_at,
        sa.case((people.c.locked_until > at, people.c.locked_until)).label("locked_until"),
        (people.c.password_hash != NO_PASSWORD).label("has_password"),
        people.c.subject.is_not(None).label("from_directory"),
        tokens.label("tokens"),
    )


@dataclass(frozen=True, slots=True)
class PersonFilter:
    """None means any."""

    role: str | None = None
    text: str | None = None
    """Part of a name or unit."""


def person_page(connection: Connection, wanted: PersonFilter, cursor: str | None, size: int, at: datetime) -> Page:
    """By name."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.role:
        conditions.append(people.c.role == wanted.role)
    if wanted.text and wanted.text.strip():
        text = wanted.text.strip()
        searched = (people.c.name, people.c.unit)
        conditions.append(sa.or_(*(column.icontains(text, autoescape=True) for column in searched)))
    return Order((people.c.name,), descending=False).page(connection, person_rows(at).where(*conditions), cursor, size)


def one_person(connection: Connection, person_id: int, at: datetime) -> FlatRow:
    """Raises NotFound."""
    row: FlatRow | None = connection.execute(person_rows(at).where(people.c.id == person_id)).one_or_none()
    if row is None:
        raise NotFound(f"no person {person_id}")
    return row


def id_of(connection: Connection, name: str) -> int:
    """Raises NotFound."""
    person_id: int | None = connection.scalar(sa.select(people.c.id).where(people.c.name == name))
    if person_id is None:
        raise NotFound(f"nobody is named {name!r}; ./patrol people list shows everybody")
    return person_id


def add_person(connection: Connection, name: str, standing: Standing, password_hash: str, by: By) -> int:
    """Must change the password at the first login. Raises BadInput, TransitionRefused where the name is taken."""
    checked_name(name)
    _check_unit(connection, standing)
    columns = {
        "name": name,
        "role": standing.role.value,
        "unit": standing.unit,
        "disabled": standing.disabled,
        "password_hash": password_hash,
        "must_change": True,
        "created_at": by.at,
    }
    try:
        with connection.begin_nested():
            added = connection.execute(sa.insert(people).values(columns).returning(people.c.id)).scalar_one()
    except IntegrityError:
        raise TransitionRefused(NAME_TAKEN) from None
    note_audit(connection, Audit(by.at, by.who, "added", "person", name, after=_shown(standing)))
    return int(added)


def change_person(connection: Connection, person_id: int, standing: Standing, by: By) -> None:
    """Raises NotFound, BadInput, TransitionRefused for the own account and for the last admin."""
    row = _locked_row(connection, person_id)
    before = Standing(Role(row.role), row.unit, row.disabled)
    if before == standing:
        return
    if row.name == by.who and (standing.role, standing.disabled) != (before.role, before.disabled):
        raise TransitionRefused(OWN_ACCOUNT)
    _check_unit(connection, standing)
    values = {"role": standing.role.value, "unit": standing.unit, "disabled": standing.disabled}
    connection.execute(sa.update(people).where(people.c.id == person_id).values(values))
    if before.role is Role.admin and not before.disabled:
        _refuse_without_admin(connection)
    if standing.disabled:
        connection.execute(sa.delete(sessions).where(sessions.c.person_id == person_id))
    note_audit(connection, Audit(by.at, by.who, "changed", "person", row.name, _shown(before), _shown(standing)))


def reset_password(connection: Connection, person_id: int, password_hash: str, by: By) -> None:
    """A password that must be changed at the next login; every session and token of the person ends.

    Raises NotFound, TransitionRefused for the own account and for people of the directory.
    """
    row = _locked_row(connection, person_id)
    if row.name == by.who:
        raise TransitionRefused(OWN_PASSWORD)
    if row.password_hash == NO_PASSWORD:
        raise TransitionRefused(NO_PASSWORD_HERE)
    set_password(connection, row.name, password_hash, must_change=True)
    note_audit(connection, Audit(by.at, by.who, "password_reset", "person", row.name))


def unlock(connection: Connection, person_id: int, by: By) -> None:
    """Let the person try again at once. Raises NotFound."""
    row = _locked_row(connection, person_id)
    if row.locked_until is None and not row.failures:
        return
    cleared = sa.update(people).where(people.c.id == person_id).values(failures=0, locked_until=None)
    connection.execute(cleared)
    note_audit(connection, Audit(by.at, by.who, "unlocked", "person", row.name, before={"failures": row.failures}))


def change_own_password(engine: Engine, person: Person, words: tuple[str, str], at: datetime, lock: Lock) -> None:
    """`words`: the password so far and the new one. Ends every session and token of the person, the one in use too.

    Raises BadInput; wrong tries count as at the login. Slow on purpose.
    """
    former, wanted = words
    if former == wanted:
        raise BadInput("the new password is the old one")
    if person.name.casefold() in wanted.casefold():
        raise BadInput("the password holds the name of the account")
    hashed = hash_password(wanted)
    if check_password(engine, person.name, former, at, lock) is None:
        raise BadInput("the present password is not right")
    with writing(engine) as connection:
        set_password(connection, person.name, hashed)
        note_audit(connection, Audit(at, person.name, "password_changed", "person", person.name))


def set_language(connection: Connection, person: Person, language: str | None) -> None:
    """None: as the town has it. Raises BadInput."""
    if language is not None and language not in LANGUAGES:
        raise BadInput(f"pages are in {' and '.join(LANGUAGES)} only")
    connection.execute(sa.update(people).where(people.c.id == person.id).values(language=language))


def tokens_of(connection: Connection, person_id: int, at: datetime) -> Sequence[FlatRow]:
    """Live tokens, the newest first: `id`, `name`, `created_at`, `expires_at`, `last_used_at`."""
    query = (
        sa.select(
            _token_id().label("id"),
            sessions.c.name,
            sessions.c.created_at,
            sessions.c.expires_at,
            sessions.c.last_used_at,
        )
        .where(sessions.c.person_id == person_id, sessions.c.kind == SessionKind.token.value)
        .where(sessions.c.expires_at > at)
        .order_by(sessions.c.created_at.desc(), sessions.c.digest)
    )
    return connection.execute(query).all()


def grant_token(connection: Connection, owner: str, label: str, life: timedelta, by: By) -> str:
    """A token of `owner`, to be shown once. Raises as `make_token`."""
    secret = make_token(connection, owner, by.at, label, life)
    after = {"name": label, "expires_at": by.at + life}
    note_audit(connection, Audit(by.at, by.who, "added", "token", owner, after=after))
    return secret


def revoke_token(connection: Connection, person_id: int, token_id: str, by: By) -> None:
    """Raises NotFound."""
    query = (
        sa.select(sessions.c.digest, sessions.c.name, people.c.name.label("owner"))
        .join(people, people.c.id == sessions.c.person_id)
        .where(sessions.c.person_id == person_id, sessions.c.kind == SessionKind.token.value, _token_id() == token_id)
    )
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("no such token")
    connection.execute(sa.delete(sessions).where(sessions.c.digest == row.digest))
    note_audit(connection, Audit(by.at, by.who, "removed", "token", row.owner, before={"name": row.name}))


def end_other_sessions(connection: Connection, person: Person, kept: str | None) -> None:
    """Log the person out of every browser but the one whose session has the digest `kept`."""
    ended = sa.delete(sessions).where(sessions.c.person_id == person.id, sessions.c.kind == SessionKind.page.value)
    connection.execute(ended if kept is None else ended.where(sessions.c.digest != kept))


def _token_id() -> ColumnElement[str]:
    """The start of the hash names a token without giving anything away."""
    return sa.func.substr(sessions.c.digest, 1, TOKEN_ID_LENGTH)


def _locked_row(connection: Connection, person_id: int) -> FlatRow:
    row = connection.execute(sa.select(people).where(people.c.id == person_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"no person {person_id}")
    return row


def _check_unit(connection: Connection, standing: Standing) -> None:
    if standing.unit is None:
        if standing.role is Role.handler:
            raise BadInput(HANDLER_NEEDS_UNIT)
        return
    if connection.scalar(sa.select(units.c.id).where(units.c.name == standing.unit)) is None:
        raise BadInput(f"no unit named {standing.unit!r}")


def _refuse_without_admin(connection: Connection) -> None:
    left = sa.select(people.c.id).where(people.c.role == Role.admin.value, people.c.disabled.is_(sa.false())).limit(1)
    if connection.scalar(left) is None:
        raise TransitionRefused(LAST_ADMIN)


def _shown(standing: Standing) -> dict[str, object]:
    return {"role": standing.role.value, "unit": standing.unit, "disabled": standing.disabled}
