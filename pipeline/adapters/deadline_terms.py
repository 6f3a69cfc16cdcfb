"""Deadlines and working hours by unit, as people set them, and what binds one dispatch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from pipeline.adapters.audit import note_audit
from pipeline.adapters.calendars import TOPIC, Stamp, town_calendar
from pipeline.adapters.keyset import FlatRow
from pipeline.adapters.repositories import bump, upsert
from pipeline.adapters.tables import categories, units
from pipeline.adapters.tables_calendar import deadline_rules, unit_hours
from pipeline.domain.audit import Audit
from pipeline.domain.deadline import Deadline, DeadlineClock
from pipeline.domain.errors import BadInput, NotFound
from pipeline.domain.working_time import DEFAULT_AMBER_SHARE, DEFAULT_HOURS, DeadlineTerms, Hours

EVERY_UNIT = ""
"""Stands in both tables for all units without a row of their own."""
ALL = "*"
"""How the audit calls every unit."""
MOST_AMOUNT = 999
Shown = Mapping[str, object] | None
"""What the audit keeps of a row; None: there is none."""


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    category: str
    unit: str
    """EVERY_UNIT or a unit's name."""
    deadline: Deadline
    amber_share: float = DEFAULT_AMBER_SHARE


def deadline_terms(connection: Connection, category: str, unit: str | None) -> DeadlineTerms:
    """What binds a dispatch now: the unit's rule, else every unit's, else the category's own. Raises NotFound."""
    rules = {row.unit: row for row in _rules_of(connection, category, unit)}
    chosen = rules.get(unit or EVERY_UNIT) or rules.get(EVERY_UNIT)
    calendar, hours = town_calendar(connection), hours_for(connection, unit)
    if chosen is None:
        return DeadlineTerms(_own_deadline(connection, category), hours, calendar)
    deadline = Deadline(chosen.amount, DeadlineClock(chosen.clock))
    return DeadlineTerms(deadline, hours, calendar, chosen.amber_share)


def _rules_of(connection: Connection, category: str, unit: str | None) -> Sequence[FlatRow]:
    wanted = deadline_rules.c.unit.in_({unit or EVERY_UNIT, EVERY_UNIT})
    return connection.execute(sa.select(deadline_rules).where(deadline_rules.c.category == category, wanted)).all()


def _own_deadline(connection: Connection, category: str) -> Deadline | None:
    query = sa.select(categories.c.deadline, categories.c.deadline_clock).where(categories.c.code == category)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"no category {category!r}")
    return Deadline(row.deadline, DeadlineClock(row.deadline_clock)) if row.deadline else None


def hours_for(connection: Connection, unit: str | None) -> Hours:
    """The unit's own, else those set for every unit, else 8–12 and 14–18."""
    wanted = unit_hours.c.unit.in_({unit or EVERY_UNIT, EVERY_UNIT})
    found = {row.unit: row.hours for row in connection.execute(sa.select(unit_hours).where(wanted))}
    stored = found.get(unit or EVERY_UNIT) or found.get(EVERY_UNIT)
    return _hours_of(stored) if stored else DEFAULT_HOURS


def _hours_of(stored: Sequence[Sequence[str]]) -> Hours:
    return Hours(tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in stored))


def all_rules(connection: Connection) -> list[DeadlineRule]:
    """In the order of the categories, those of every unit first."""
    query = (
        sa.select(deadline_rules)
        .join(categories, categories.c.code == deadline_rules.c.category)
        .order_by(categories.c.position, deadline_rules.c.unit)
    )
    return [
        DeadlineRule(row.category, row.unit, Deadline(row.amount, DeadlineClock(row.clock)), row.amber_share)
        for row in connection.execute(query)
    ]


def all_hours(connection: Connection) -> dict[str, Hours]:
    """By unit; EVERY_UNIT stands first and is always there."""
    query = sa.select(unit_hours).order_by(unit_hours.c.unit)
    return {EVERY_UNIT: DEFAULT_HOURS} | {row.unit: _hours_of(row.hours) for row in connection.execute(query)}


def set_rule(connection: Connection, rule: DeadlineRule, stamp: Stamp) -> None:
    """Binds dispatches from now on; tickets already dispatched keep theirs. Raises BadInput, NotFound."""
    if not 1 <= rule.deadline.amount <= MOST_AMOUNT:
        raise BadInput(f"a deadline is 1 to {MOST_AMOUNT} hours or days")
    if not 0 <= rule.amber_share <= 1:
        raise BadInput("the amber share lies between 0 and 1")
    _own_deadline(connection, rule.category)
    _refuse_unknown(connection, rule.unit)
    row = {
        "category": rule.category, "unit": rule.unit, "amount": rule.deadline.amount,
        "clock": rule.deadline.clock.value, "amber_share": rule.amber_share, "set_by": stamp.who, "at": stamp.at,
    }  # fmt: skip
    before = _shown_rule(connection, rule.category, rule.unit)
    upsert(connection, deadline_rules, [row], ["category", "unit"])
    after = _shown_rule(connection, rule.category, rule.unit)
    _changed(connection, stamp, "deadline", _subject(rule.category, rule.unit), (before, after))


def drop_rule(connection: Connection, category: str, unit: str, stamp: Stamp) -> None:
    """Raises NotFound."""
    before = _shown_rule(connection, category, unit)
    if before is None:
        raise NotFound(f"no deadline of its own for {category} and {unit or 'every unit'}")
    connection.execute(sa.delete(deadline_rules).where(_key(category, unit)))
    _changed(connection, stamp, "deadline", _subject(category, unit), (before, None))


def set_hours(connection: Connection, unit: str, hours: Hours, stamp: Stamp) -> None:
    """Raises BadInput for a unit that is none."""
    _refuse_unknown(connection, unit)
    stored = [[f"{opens:%H:%M}", f"{closes:%H:%M}"] for opens, closes in hours.spans]
    row = {"unit": unit, "hours": stored, "set_by": stamp.who, "at": stamp.at}
    before = {"hours": str(hours_for(connection, unit))}
    upsert(connection, unit_hours, [row], ["unit"])
    _changed(connection, stamp, "working_hours", unit or ALL, (before, {"hours": str(hours)}))


def drop_hours(connection: Connection, unit: str, stamp: Stamp) -> None:
    """Raises NotFound."""
    before = {"hours": str(hours_for(connection, unit))}
    if connection.execute(sa.delete(unit_hours).where(unit_hours.c.unit == unit)).rowcount == 0:
        raise NotFound(f"no hours of its own for {unit or 'every unit'}")
    _changed(connection, stamp, "working_hours", unit or ALL, (before, None))


def _key(category: str, unit: str) -> ColumnElement[bool]:
    return sa.and_(deadline_rules.c.category == category, deadline_rules.c.unit == unit)


def _subject(category: str, unit: str) -> str:
    return f"{category} · {unit or ALL}"


def _shown_rule(connection: Connection, category: str, unit: str) -> Shown:
    columns = (deadline_rules.c.amount, deadline_rules.c.clock, deadline_rules.c.amber_share)
    row = connection.execute(sa.select(*columns).where(_key(category, unit))).one_or_none()
    return dict(row._mapping) if row else None


def _changed(connection: Connection, stamp: Stamp, kind: str, subject: str, shown: tuple[Shown, Shown]) -> None:
    before, after = shown
    action = "removed" if after is None else "changed" if before else "added"
    note_audit(connection, Audit(stamp.at, stamp.who, action, kind, subject, before, after))
    bump(connection, TOPIC)


def _refuse_unknown(connection: Connection, unit: str) -> None:
    if unit != EVERY_UNIT and connection.scalar(sa.select(units.c.id).where(units.c.name == unit)) is None:
        raise BadInput(f"there is no unit {unit!r}")
