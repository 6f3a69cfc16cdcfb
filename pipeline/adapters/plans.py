"""Plans in the database, as people change them in the pages."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters import rows, tables
from pipeline.adapters.repositories import bump, insert_or
from pipeline.domain.errors import BadInput, NotFound, TransitionRefused
from pipeline.domain.patrol import Plan

TOPIC = "plans"


class SqlPlans:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> Plan:
        row = self._connection.execute(sa.select(tables.plans).where(tables.plans.c.name == name)).first()
        if row is None:
            raise NotFound(f"no plan {name!r}")
        return plan_of(row)

    def add(self, plan: Plan) -> None:
        statement = insert_or(self._connection, tables.plans).values(plan_columns(plan)).on_conflict_do_nothing()
        if self._connection.execute(statement.returning(tables.plans.c.name)).first() is None:
            raise BadInput(f"there is a plan {plan.name!r} already")
        bump(self._connection, TOPIC)

    def save(self, plan: Plan) -> None:
        update = sa.update(tables.plans).where(tables.plans.c.name == plan.name).values(plan_columns(plan))
        self._connection.execute(update)
        bump(self._connection, TOPIC)

    def remove(self, name: str) -> None:
        rounds = tables.rounds.c
        begun = sa.select(rounds.id).where(rounds.plan == name, rounds.finished_at.is_(None)).limit(1)
        if self._connection.scalar(begun) is not None:
            raise TransitionRefused(f"a round of {name!r} is under way; pause the plan, and remove it when it is over")
        self._connection.execute(sa.delete(tables.plans).where(tables.plans.c.name == name))
        bump(self._connection, TOPIC)

    def known_sites(self) -> set[str]:
        return set(self._connection.scalars(sa.select(tables.sites.c.name)))


def plan_columns(plan: Plan) -> rows.Columns:
    return {
        "name": plan.name,
        "cron": plan.cron,
        "core_zone_only": plan.core_zone_only,
        "site_names": list(plan.site_names),
        "fine_every_s": plan.fine_every.total_seconds(),
        "active": plan.active,
    }


def plan_of(row: rows.AnyRow) -> Plan:
    fine_every = timedelta(seconds=row.fine_every_s)
    return Plan(row.name, row.cron, row.core_zone_only, tuple(row.site_names), fine_every, row.active)
