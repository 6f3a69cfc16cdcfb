"""The repositories of a unit of work: domain values in and out of one open connection."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.adapters import rows, tables
from pipeline.domain.camera import next_try
from pipeline.domain.detection import Pass
from pipeline.domain.errors import NotFound
from pipeline.domain.finding import LIVE, Finding, FindingState, Sighting
from pipeline.domain.patrol import COVERAGE, MOVED_ALARM, PAUSED, Outcome, Visit
from pipeline.ports import ImageKind


def insert_or(connection: Connection, table: Table) -> Any:  # Any: the two dialects' inserts share no base
    """An insert that knows ON CONFLICT, for the database at hand."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def upsert(connection: Connection, table: Table, values: Sequence[rows.Columns], key: Sequence[str]) -> None:
    """Insert, or replace the other columns of the row with the same key."""
    if not values:
        return
    statement = insert_or(connection, table)
    others = {name: statement.excluded[name] for name in values[0] if name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=others), list(values))


def bump(connection: Connection, topic: str) -> None:
    """Advance the change sequence of a topic."""
    statement = insert_or(connection, tables.changes).values(topic=topic, sequence=1)
    advanced = {"sequence": tables.changes.c.sequence + 1}
    connection.execute(statement.on_conflict_do_update(index_elements=["topic"], set_=advanced))


class SqlFindings:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def live(self, view_ids: Sequence[int]) -> dict[int, list[Finding]]:
        states = [state.value for state in LIVE]
        return self._by_view(tables.findings.c.state.in_(states) & tables.findings.c.view_id.in_(view_ids))

    def recently_cleared(self, view_ids: Sequence[int], since: datetime) -> dict[int, list[Finding]]:
        cleared = tables.findings.c.state == FindingState.cleared.value
        here = tables.findings.c.view_id.in_(view_ids)
        return self._by_view(cleared & here & (tables.findings.c.cleared_at >= since))

    def get(self, finding_id: str) -> Finding:
        row = self._connection.execute(sa.select(tables.findings).where(tables.findings.c.id == finding_id)).first()
        if row is None:
            raise NotFound(f"no finding {finding_id}")
        return rows.finding_of(row)

    def save(self, findings: Sequence[Finding]) -> None:
        upsert(self._connection, tables.findings, [rows.finding_columns(finding) for finding in findings], ["id"])

    def add_sightings(self, sightings: Sequence[Sighting]) -> None:
        key = ["finding_id", "round_id", "attempt"]
        upsert(self._connection, tables.sightings, [rows.sighting_columns(sighting) for sighting in sightings], key)

    def _by_view(self, condition: sa.ColumnElement[bool]) -> dict[int, list[Finding]]:
        found: dict[int, list[Finding]] = defaultdict(list)
        for row in self._connection.execute(sa.select(tables.findings).where(condition).order_by(tables.findings.c.id)):
            found[row.view_id].append(rows.finding_of(row))
        return found


class SqlVisits:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def done(self, round_id: int) -> set[int]:
        query = sa.select(tables.visits.c.view_id).where(tables.visits.c.round_id == round_id)
        return set(self._connection.scalars(query))

    def revisions(self, view_ids: Sequence[int]) -> dict[int, int]:
        query = sa.select(tables.views.c.id, tables.views.c.revision).where(tables.views.c.id.in_(view_ids))
        locked = query.order_by(tables.views.c.id).with_for_update()
        return {row.id: row.revision for row in self._connection.execute(locked)}

    def add(self, visits: Sequence[Visit]) -> list[str]:
        if not visits:
            return []
        self._connection.execute(sa.insert(tables.visits), [rows.visit_columns(visit) for visit in visits])
        before = self._health_of([visit.view_id for visit in visits])
        updates = [_view_update(visit, before[visit.view_id]) for visit in visits]
        columns = [name for name in updates[0] if name != "of_view"]
        self._connection.execute(
            sa.update(tables.views)
            .where(tables.views.c.id == sa.bindparam("of_view"))
            .values({name: sa.bindparam(name) for name in columns}),
            updates,
        )
        changed = [_health_row(visit) for visit in visits if _health_changed(visit, before[visit.view_id])]
        if changed:
            self._connection.execute(sa.insert(tables.health), changed)
        replaced = [before[visit.view_id].last_image for visit in visits if visit.image]
        return self._drop_last_images([digest for digest in replaced if digest])

    def _drop_last_images(self, digests: Sequence[str]) -> list[str]:
        """Those kept for nothing but being the last frame, now that they are not."""
        images = tables.images.c
        still = sa.select(tables.views.c.last_image).where(tables.views.c.last_image.in_(digests))
        fleeting = images.digest.in_(digests) & (images.kind == ImageKind.last.value) & images.digest.not_in(still)
        dropped = list(self._connection.scalars(sa.select(images.digest).where(fleeting)))
        if dropped:
            self._connection.execute(sa.delete(tables.images).where(images.digest.in_(dropped)))
        return dropped

    def queue_follow_up(self, view_id: int, due_at: datetime, found_by: Pass) -> None:
        statement = insert_or(self._connection, tables.follow_ups).values(
            view_id=view_id, due_at=due_at, found_by=found_by.value
        )
        earlier = {"due_at": statement.excluded.due_at, "found_by": statement.excluded.found_by}
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["view_id"], set_=earlier, where=tables.follow_ups.c.due_at > statement.excluded.due_at
            )
        )

    def finish_follow_ups(self, view_ids: Sequence[int], visited_at: datetime) -> None:
        waiting = tables.follow_ups.c
        self._connection.execute(
            sa.delete(tables.follow_ups).where(waiting.view_id.in_(view_ids), waiting.due_at <= visited_at)
        )

    def _health_of(self, view_ids: Sequence[int]) -> dict[int, rows.AnyRow]:
        query = sa.select(tables.views).where(tables.views.c.id.in_(view_ids))
        return {row.id: row for row in self._connection.execute(query)}


def _health_changed(visit: Visit, before: rows.AnyRow) -> bool:
    """Seen and unchanged are the same health; what keeps failing the same way is one row; moved needs two visits."""
    if visit.outcome is Outcome.moved:
        return visit.moved_in_a_row == MOVED_ALARM
    if visit.outcome in COVERAGE and before.last_outcome in COVERAGE:
        return False
    return bool((visit.outcome.value, visit.fault) != (before.last_outcome, before.last_fault)) and not _paused(visit)


def _paused(visit: Visit) -> bool:
    return visit.fault == PAUSED


def _view_update(visit: Visit, before: rows.AnyRow) -> rows.Columns:
    failures = before.failures + (not _paused(visit)) if visit.outcome is Outcome.unreachable else 0
    next_try_at = before.next_try_at if _paused(visit) else next_try(failures, visit.started_at)
    good = visit.outcome in COVERAGE
    return {
        "of_view": visit.view_id,
        "failures": failures,
        "next_try_at": next_try_at if failures else None,
        "last_outcome": visit.outcome.value,
        "last_fault": visit.fault,
        "last_visit_at": visit.started_at,
        "last_good_at": visit.frame_at if good else before.last_good_at,
        "last_image": visit.image or before.last_image,
        "skew_s": visit.skew_s if visit.skew_s is not None else before.skew_s,
        "revision": before.revision + 1,
    }


def _health_row(visit: Visit) -> rows.Columns:
    return {
        "view_id": visit.view_id,
        "at": visit.started_at,
        "outcome": visit.outcome.value,
        "fault": visit.fault,
        "why": visit.why[:300],
    }
