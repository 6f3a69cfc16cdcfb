"""The repository of shadow runs: a challenger beside the champion, and what they differ about."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters import rows
from pipeline.adapters.tables_learning import shadow_differences, shadow_runs
from pipeline.domain.errors import NotFound
from pipeline.domain.shadow import Difference, Seen, ShadowRun, Side, Tally, summed
from pipeline.ports import ShadowFrame

LONGEST_WHY = 300


class SqlShadowRuns:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, run: ShadowRun) -> int:
        values = {
            "model": run.model, "champion": run.champion, "begun_at": run.begun_at, "until": run.until, "visits": 0,
            "seconds": 0.0, "tally": {},
        }  # fmt: skip
        return int(self._connection.scalars(sa.insert(shadow_runs).values(values).returning(shadow_runs.c.id)).one())

    def get(self, run_id: int) -> ShadowRun:
        row = self._connection.execute(sa.select(shadow_runs).where(shadow_runs.c.id == run_id)).one_or_none()
        if row is None:
            raise NotFound(f"no shadow run {run_id}")
        return _run_of(row)

    def running(self) -> ShadowRun | None:
        query = sa.select(shadow_runs).where(shadow_runs.c.ended_at.is_(None)).order_by(shadow_runs.c.id.desc())
        row = self._connection.execute(query.limit(1)).one_or_none()
        return _run_of(row) if row else None

    def all(self) -> tuple[ShadowRun, ...]:
        query = sa.select(shadow_runs).order_by(shadow_runs.c.id.desc())
        return tuple(_run_of(row) for row in self._connection.execute(query))

    def end(self, run_id: int, at: datetime, why: str | None = None) -> None:
        going = (shadow_runs.c.id == run_id) & shadow_runs.c.ended_at.is_(None)
        values = {"ended_at": at, "failed_why": why[:LONGEST_WHY] if why else None}
        self._connection.execute(sa.update(shadow_runs).where(going).values(values))

    def known(self, run_id: int, view_ids: Sequence[int]) -> dict[int, tuple[Difference, ...]]:
        own = shadow_differences.c
        query = sa.select(shadow_differences).where(own.run_id == run_id, own.view_id.in_(view_ids)).order_by(own.id)
        found: dict[int, list[Difference]] = defaultdict(list)
        for row in self._connection.execute(query):
            found[row.view_id].append(Difference(Side(row.side), row.category, rows.box_of(row), row.score))
        return {view_id: tuple(differences) for view_id, differences in found.items()}

    def note(self, run_id: int, round_id: int, frames: Sequence[ShadowFrame], seconds: float) -> bool:
        own = sa.select(shadow_runs).where(shadow_runs.c.id == run_id, shadow_runs.c.ended_at.is_(None))
        row = self._connection.execute(own.with_for_update()).one_or_none()
        if row is None:
            return False
        tally = _tally_of(row.tally)
        for frame in frames:
            tally = summed(tally, frame.compared.tally)
        values = {
            "visits": row.visits + len(frames), "seconds": row.seconds + seconds,
            "tally": {code: [seen.both, seen.champion, seen.challenger] for code, seen in tally.items()},
        }  # fmt: skip
        self._connection.execute(sa.update(shadow_runs).where(shadow_runs.c.id == run_id).values(values))
        columns = [_columns(run_id, round_id, frame, one) for frame in frames for one in frame.compared.differences]
        if columns:
            self._connection.execute(sa.insert(shadow_differences), columns)
        return True


def _columns(run_id: int, round_id: int, frame: ShadowFrame, one: Difference) -> rows.Columns:
    return {
        "run_id": run_id,
        "round_id": round_id,
        "view_id": frame.view_id,
        "at": frame.at,
        "image": frame.image,
        "side": one.side.value,
        "category": one.category,
        "score": one.score,
        **rows.box_columns(one.box),
    }


def _run_of(row: rows.AnyRow) -> ShadowRun:
    return ShadowRun(
        row.model, row.champion, row.begun_at, row.until, row.id, row.ended_at, row.visits, row.seconds,
        _tally_of(row.tally), row.failed_why,
    )  # fmt: skip


def _tally_of(stored: dict[str, list[int]]) -> Tally:
    return {code: Seen(*counts) for code, counts in stored.items()}
