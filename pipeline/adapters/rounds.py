"""Plans and rounds in the database."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import rows, tables
from pipeline.adapters.database import reading, writing
from pipeline.adapters.plans import SqlPlans, plan_of
from pipeline.adapters.repositories import bump
from pipeline.domain.detection import Pass
from pipeline.domain.errors import NotFound
from pipeline.domain.patrol import Plan, RoundRef


@dataclass(frozen=True, slots=True)
class OpenRound:
    """A round that has begun, and the views it is to visit."""

    ref: RoundRef
    view_ids: tuple[int, ...]


class SqlRounds:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def plans(self) -> list[Plan]:
        with reading(self._engine) as connection:
            found = connection.execute(sa.select(tables.plans).order_by(tables.plans.c.name)).all()
        return [plan_of(row) for row in found]

    def plan(self, name: str) -> Plan:
        """Raises NotFound."""
        for plan in self.plans():
            if plan.name == name:
                return plan
        raise NotFound(f"no plan {name!r}; ./patrol plan list shows those there are")

    def add_plan(self, plan: Plan) -> None:
        """Raises BadInput where the name is taken."""
        with writing(self._engine) as connection:
            SqlPlans(connection).add(plan)

    def set_active(self, name: str, active: bool) -> None:
        with writing(self._engine) as connection:
            update = sa.update(tables.plans).where(tables.plans.c.name == name).values(active=active)
            if connection.execute(update).rowcount == 0:
                raise NotFound(f"no plan {name!r}; ./patrol plan list shows those there are")

    def begin(self, plan: str, view_ids: Sequence[int], at: datetime) -> OpenRound:
        with writing(self._engine) as connection:
            statement = sa.insert(tables.rounds).returning(tables.rounds.c.id)
            columns = {"plan": plan, "started_at": at, "planned": len(view_ids), "view_ids": list(view_ids)}
            round_id = connection.execute(statement, columns).scalar_one()
            bump(connection, "rounds")
        return OpenRound(RoundRef(int(round_id), plan, at), tuple(view_ids))

    def get(self, round_id: int) -> OpenRound:
        """Raises NotFound."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(tables.rounds).where(tables.rounds.c.id == round_id)).first()
        if row is None:
            raise NotFound(f"no round {round_id}")
        return _open_round(row)

    def unfinished(self) -> list[OpenRound]:
        """Rounds that a kill or a full disk cut short, oldest first."""
        query = sa.select(tables.rounds).where(tables.rounds.c.finished_at.is_(None)).order_by(tables.rounds.c.id)
        with reading(self._engine) as connection:
            return [_open_round(row) for row in connection.execute(query)]

    def finish(self, round_id: int, at: datetime) -> None:
        rounds = tables.rounds.c
        filed = (
            sa.select(sa.func.count())
            .select_from(tables.tickets)
            .where(tables.tickets.c.created_at >= rounds.started_at, tables.tickets.c.created_at <= at)
            .scalar_subquery()
        )
        with writing(self._engine) as connection:
            update = sa.update(tables.rounds).where(rounds.id == round_id, rounds.finished_at.is_(None))
            connection.execute(update.values(finished_at=at, findings_opened=filed))
            bump(connection, "rounds")

    def outcomes(self, round_id: int) -> Counter[str]:
        visits = tables.visits.c
        query = sa.select(visits.outcome, sa.func.count()).where(visits.round_id == round_id).group_by(visits.outcome)
        with reading(self._engine) as connection:
            return Counter({row[0]: int(row[1]) for row in connection.execute(query)})

    def tickets_since(self, ref: RoundRef) -> list[tuple[str, str, str]]:
        """Number, category and site of the tickets filed since the round began."""
        tickets = tables.tickets.c
        query = sa.select(tickets.number, tickets.category, tickets.site).where(tickets.created_at >= ref.started_at)
        with reading(self._engine) as connection:
            return [(row.number, row.category, row.site) for row in connection.execute(query.order_by(tickets.number))]

    def due_follow_ups(self, at: datetime) -> dict[int, Pass]:
        waiting = tables.follow_ups.c
        with reading(self._engine) as connection:
            found = connection.execute(sa.select(waiting.view_id, waiting.found_by).where(waiting.due_at <= at)).all()
        return {row.view_id: Pass(row.found_by) for row in found}

    def next_follow_up(self) -> datetime | None:
        with reading(self._engine) as connection:
            return connection.scalars(sa.select(sa.func.min(tables.follow_ups.c.due_at))).first()


def _open_round(row: rows.AnyRow) -> OpenRound:
    return OpenRound(RoundRef(row.id, row.plan, row.started_at), tuple(row.view_ids))
