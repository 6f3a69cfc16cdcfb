"""People, their passwords, page sessions and bearer tokens. Only hashes are stored."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

import sqlalchemy as sa
from pwdlib import PasswordHash
from sqlalchemy import Connection, Engine

from pipeline.adapters.audit import note_audit
from pipeline.adapters.database import writing
from pipeline.adapters.keyset import FlatRow
from pipeline.adapters.tables import people, sessions
from pipeline.domain.audit import Audit
from pipeline.domain.errors import BadInput, NotFound, TransitionRefused
from pipeline.domain.ticket import Role

SECRET_BYTES = 32
PASSWORD_BYTES = 9
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
LONGEST_NAME = 60
LONGEST_LABEL = 60
PAGE_LIFE = timedelta(hours=12)
TOKEN_LIFE = timedelta(days=365)
USE_NOTED_EVERY = timedelta(hours=1)
MOST_TOKENS = 20
"""A person, at one time."""
NO_PASSWORD = ""
TOKEN_ID_LENGTH = 16


class SessionKind(StrEnum):
    page = "page"
    token = "token"  # noqa: S105 - a kind, no secret


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    name: str
    role: Role
    unit: str | None = None
    must_change: bool = False
    """The password must be changed before anything else; never so for those who ask with a token."""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """After how many wrong passwords in a row an account is locked, and for how long."""

    after: int = 10
    lasts: timedelta = timedelta(minutes=15)


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _hash_of_nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe())


def new_password() -> str:
    """To be shown once, and changed by its owner."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def hash_password(password: str) -> str:
    """Argon2id; about 0.1 s and 64 MiB. Raises BadInput for a password that is too short or too long."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadInput(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    return _hasher().hash(password)


def check_password(engine: Engine, name: str, password: str, at: datetime, lock: Lock | None = None) -> Person | None:
    """The person, or None: no such name, disabled, locked or wrong. All these take as long, and look the same.

    Slow on purpose; call it in a thread. Each try is counted before it is checked, so that many at once gain nothing.
    """
    row = _counted(engine, name, at, lock or Lock())
    stored = row.password_hash if row else _hash_of_nobody()
    fits, renewed = _hasher().verify_and_update(password[:LONGEST_PASSWORD], stored)
    if row is None:
        return None
    if not fits:
        _tell_if_locked(engine, row.id, at)
        return None
    values: dict[str, object] = {"failures": 0, "locked_until": None, "last_login_at": at}
    if renewed is not None:
        values["password_hash"] = renewed
    with writing(engine) as connection:
        connection.execute(sa.update(people).where(people.c.id == row.id).values(values))
    return _person(row, SessionKind.page)


def _counted(engine: Engine, name: str, at: datetime, lock: Lock) -> FlatRow | None:
    """The account of this name, its try counted; None where nobody may log in by this name now."""
    with writing(engine) as connection:
        row = connection.execute(sa.select(people).where(people.c.name == name).with_for_update()).one_or_none()
        if row is None or row.disabled or row.password_hash == NO_PASSWORD:
            return None
        if row.locked_until is not None and row.locked_until > at:
            return None
        failures = 1 if row.locked_until is not None else row.failures + 1
        until = at + lock.lasts if failures >= lock.after else None
        counted = sa.update(people).where(people.c.id == row.id).values(failures=failures, locked_until=until)
        connection.execute(counted)
        return row


def _tell_if_locked(engine: Engine, person_id: int, at: datetime) -> None:
    with writing(engine) as connection:
        row = connection.execute(sa.select(people).where(people.c.id == person_id)).one()
        if row.locked_until is not None:
            after = {"failures": row.failures, "until": row.locked_until}
            note_audit(connection, Audit(at, row.name, "locked", "person", row.name, after=after))


def ensure_person(connection: Connection, name: str, role: Role, password_hash: str, at: datetime) -> bool:
    """Whether the person was added; one who is there keeps role and password."""
    checked_name(name)
    known = connection.execute(sa.select(people.c.id).where(people.c.name == name)).one_or_none()
    if known is not None:
        return False
    columns = {"name": name, "role": role.value, "password_hash": password_hash, "created_at": at}
    connection.execute(sa.insert(people).values(columns))
    return True


def checked_name(name: str) -> str:
    """Raises BadInput."""
    if not name.strip() or name != name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(f"a person's name has 1 to {LONGEST_NAME} characters, no blanks around them and no line breaks")
    return name


def ensure_admin(
    connection: Connection, name: str, password_hash: str, at: datetime, must_change: bool = False
) -> bool:
    """Whether an admin was added; `must_change`: the password at the first login."""
    added = ensure_person(connection, name, Role.admin, password_hash, at)
    if added and must_change:
        connection.execute(sa.update(people).where(people.c.name == name).values(must_change=True))
    return added


def set_password(connection: Connection, name: str, password_hash: str, must_change: bool = False) -> None:
    """Change it, unlock, and end every session and token of the person. Raises NotFound."""
    person_id = _id_of(connection, name)
    values = {"password_hash": password_hash, "must_change": must_change, "failures": 0, "locked_until": None}
    connection.execute(sa.update(people).where(people.c.id == person_id).values(values))
    connection.execute(sa.delete(sessions).where(sessions.c.person_id == person_id))


def make_token(connection: Connection, name: str, at: datetime, label: str = "", life: timedelta = TOKEN_LIFE) -> str:
    """A bearer token of the person, to be shown once; only its hash is kept.

    Raises NotFound, BadInput for a label that is too long, TransitionRefused beyond MOST_TOKENS.
    """
    person_id = _id_of(connection, name)
    if len(label) > LONGEST_LABEL or not label.isprintable():
        raise BadInput(f"a token's name has at most {LONGEST_LABEL} characters and no line breaks")
    live = sa.select(sa.func.count()).where(
        sessions.c.person_id == person_id, sessions.c.kind == SessionKind.token.value, sessions.c.expires_at > at
    )
    if int(connection.scalar(live) or 0) >= MOST_TOKENS:
        raise TransitionRefused(f"a person has at most {MOST_TOKENS} tokens: revoke one first")
    return _open(connection, person_id, SessionKind.token, (at, at + life), label)


def open_page_session(connection: Connection, person: Person, at: datetime) -> str:
    """The session's secret for the cookie. Sessions that have ended are swept."""
    connection.execute(sa.delete(sessions).where(sessions.c.expires_at <= at))
    return _open(connection, person.id, SessionKind.page, (at, at + PAGE_LIFE), "")


@dataclass(frozen=True, slots=True)
class Entered:
    """Who asks, and by which session."""

    person: Person
    digest: str
    stale: bool
    """Its last use was noted long ago: call `note_use`."""


def person_of(connection: Connection, secret: str, kind: SessionKind, at: datetime) -> Person | None:
    entered = entered_by(connection, secret, kind, at)
    return entered.person if entered else None


def entered_by(connection: Connection, secret: str, kind: SessionKind, at: datetime) -> Entered | None:
    """None where the session has ended, or its person is disabled."""
    digest = digest_of(secret)
    query = (
        sa.select(people, sessions.c.last_used_at)
        .join(sessions, sessions.c.person_id == people.c.id)
        .where(sessions.c.digest == digest, sessions.c.kind == kind.value, sessions.c.expires_at > at)
        .where(people.c.disabled.is_(sa.false()))
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    stale = row.last_used_at is None or row.last_used_at + USE_NOTED_EVERY <= at
    return Entered(_person(row, kind), digest, stale)


def note_use(connection: Connection, digest: str, at: datetime) -> None:
    connection.execute(sa.update(sessions).where(sessions.c.digest == digest).values(last_used_at=at))


def revoke(connection: Connection, secret: str) -> None:
    connection.execute(sa.delete(sessions).where(sessions.c.digest == digest_of(secret)))


def _person(row: Any, kind: SessionKind) -> Person:  # Any: a row of people
    must_change = row.must_change and kind is SessionKind.page
    return Person(row.id, row.name, Role(row.role), row.unit, must_change, row.language)


def _open(
    connection: Connection, person_id: int, kind: SessionKind, life: tuple[datetime, datetime], label: str
) -> str:
    secret = secrets.token_urlsafe(SECRET_BYTES)
    columns = {
        "digest": digest_of(secret),
        "person_id": person_id,
        "kind": kind.value,
        "created_at": life[0],
        "expires_at": life[1],
        "name": label,
    }
    connection.execute(sa.insert(sessions).values(columns))
    return secret


def _id_of(connection: Connection, name: str) -> int:
    person_id: int | None = connection.scalar(sa.select(people.c.id).where(people.c.name == name))
    if person_id is None:
        raise NotFound(f"no person named {name!r}")
    return person_id


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
