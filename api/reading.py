"""What both the JSON routes and the pages read, gathered in one look at the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from pipeline.adapters import patrol_queries, queries
from pipeline.adapters.keyset import FlatRow
from pipeline.domain.patrol import COVERAGE


@dataclass(frozen=True, slots=True)
class TicketFacts:
    row: FlatRow
    images: Sequence[FlatRow]
    history: Sequence[FlatRow]
    strip: Sequence[FlatRow]
    sightings: FlatRow


def ticket_facts(connection: Connection, number: str) -> TicketFacts:
    """Raises NotFound."""
    row = queries.one_ticket(connection, number)
    return TicketFacts(
        row,
        queries.images_of(connection, number),
        queries.history_of(connection, number),
        queries.strip_of(connection, row.finding_id),
        queries.sighting_count(connection, row.finding_id),
    )


@dataclass(frozen=True, slots=True)
class RoundFacts:
    """One round with what its visits came to."""

    id: int
    plan: str
    started_at: datetime
    finished_at: datetime | None
    planned: int
    findings_opened: int
    visited: dict[str, int]
    """Views by outcome."""

    @property
    def covered(self) -> int:
        return sum(views for outcome, views in self.visited.items() if outcome in COVERAGE)

    @property
    def not_visited(self) -> int:
        return max(0, self.planned - sum(self.visited.values()))

    @property
    def coverage(self) -> float | None:
        return min(1.0, self.covered / self.planned) if self.planned else None


def round_facts(connection: Connection, rows: Sequence[FlatRow]) -> list[RoundFacts]:
    outcomes = patrol_queries.outcomes_of(connection, [row.id for row in rows])
    return [
        RoundFacts(
            row.id, row.plan, row.started_at, row.finished_at, row.planned, row.findings_opened, outcomes[row.id]
        )
        for row in rows
    ]
