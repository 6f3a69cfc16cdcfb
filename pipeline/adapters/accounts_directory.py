"""People who log in through an OpenID Connect provider: known by issuer and subject, never by name."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.accounts import NO_PASSWORD, Person, checked_name
from pipeline.adapters.audit import note_audit
from pipeline.adapters.keyset import FlatRow
from pipeline.adapters.tables import people, units
from pipeline.domain.audit import Audit
from pipeline.domain.errors import NotAllowed
from pipeline.domain.ticket import Role

PROVIDER = "login provider"
"""Who acts in the audit where the provider's word made or changed an account."""
NO_ROLE = "the login provider gives you no role here: ask an admin"
NAME_IN_USE = "a local account bears your name: ask an admin to rename or remove it"
DISABLED = "your account here is disabled: ask an admin"


@dataclass(frozen=True, slots=True)
class Claimed:
    """What the provider says of a person, its signature checked."""

    subject: str
    """Issuer and subject, by a blank."""
    name: str
    role: Role | None
    unit: str | None
    tells_unit: bool
    """Whether the provider decides the unit; else an admin does."""


def enter_from_directory(connection: Connection, claimed: Claimed, at: datetime) -> Person:
    """The person of this subject, made at the first login; role and unit follow the provider at each.

    Raises NotAllowed (NO_ROLE, NAME_IN_USE, DISABLED), BadInput for a name that cannot be one.
    """
    if claimed.role is None:
        raise NotAllowed(NO_ROLE)
    row = connection.execute(
        sa.select(people).where(people.c.subject == claimed.subject).with_for_update()
    ).one_or_none()
    unit = _known_unit(connection, claimed.unit)
    if row is None:
        return _added(connection, claimed, claimed.role, unit, at)
    if row.disabled:
        raise NotAllowed(DISABLED)
    return _renewed(connection, row, claimed.role, unit if claimed.tells_unit else row.unit, at)


def _added(connection: Connection, claimed: Claimed, role: Role, unit: str | None, at: datetime) -> Person:
    name = checked_name(claimed.name)
    if connection.scalar(sa.select(people.c.id).where(people.c.name == name)) is not None:
        raise NotAllowed(NAME_IN_USE)
    columns = {
        "name": name,
        "role": role.value,
        "unit": unit,
        "password_hash": NO_PASSWORD,
        "subject": claimed.subject,
        "created_at": at,
        "last_login_at": at,
    }
    added = connection.execute(sa.insert(people).values(columns).returning(people.c.id)).scalar_one()
    note_audit(connection, Audit(at, PROVIDER, "added", "person", name, after={"role": role.value, "unit": unit}))
    return Person(int(added), name, role, unit)


def _renewed(connection: Connection, row: FlatRow, role: Role, unit: str | None, at: datetime) -> Person:
    values = {"role": role.value, "unit": unit}
    before = {"role": row.role, "unit": row.unit}
    changed = sa.update(people).where(people.c.id == row.id).values(**values, last_login_at=at)
    connection.execute(changed)
    if before != values:
        note_audit(connection, Audit(at, PROVIDER, "changed", "person", row.name, before, values))
    return Person(row.id, row.name, role, unit, language=row.language)


def _known_unit(connection: Connection, unit: str | None) -> str | None:
    known: str | None = connection.scalar(sa.select(units.c.name).where(units.c.name == unit)) if unit else None
    return known
