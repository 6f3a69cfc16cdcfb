"""The repository of thresholds that verdicts speak for."""

from collections import defaultdict
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters import rows, tables
from pipeline.adapters.dealing import CONFLICT
from pipeline.adapters.tables_desk import second_readings
from pipeline.adapters.tables_learning import threshold_proposals
from pipeline.domain.audit import JsonValue
from pipeline.domain.detection import Pass
from pipeline.domain.errors import NotFound
from pipeline.domain.review import Teaches, VerdictKind
from pipeline.domain.threshold_proposal import JudgedFinding, Proposed, Share, ThresholdProposal, ThresholdState

HASH_LENGTH = 12


class SqlThresholdProposals:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def judged(self, model: str, since: datetime) -> tuple[JudgedFinding, ...]:
        verdicts, tickets = tables.verdicts.c, tables.tickets.c
        disputed = sa.select(second_readings.c.number).where(second_readings.c.state == CONFLICT)
        query = (
            sa.select(verdicts.number, verdicts.teaches, tables.findings.c.view_id, tables.findings.c.category)
            .add_columns(tables.findings.c.id)
            .join(tables.tickets, tickets.number == verdicts.number)
            .join(tables.findings, tables.findings.c.id == tickets.finding_id)
            .where(
                verdicts.at >= since,
                verdicts.category == tables.findings.c.category,
                verdicts.kind != VerdictKind.added.value,
                verdicts.teaches != Teaches.nothing.value,
                verdicts.number.not_in(disputed),
            )
            .order_by(verdicts.id)
        )
        judged = {row.id: row for row in self._connection.execute(query)}
        scores = self._scores(query.with_only_columns(tables.findings.c.id).order_by(None), model)
        return tuple(
            JudgedFinding(row.number, row.view_id, row.category, row.teaches == Teaches.positive, scores[row.id])
            for row in judged.values()
            if row.id in scores
        )

    def _scores(self, findings: sa.Select[tuple[str]], model: str) -> dict[str, tuple[tuple[Pass, float], ...]]:
        own = tables.sightings.c
        query = (
            sa.select(own.finding_id, own.found_by, own.score)
            .where(own.finding_id.in_(findings), sa.func.substr(own.model, 1, HASH_LENGTH) == model[:HASH_LENGTH])
            .order_by(own.finding_id, own.at)
        )
        found: dict[str, list[tuple[Pass, float]]] = defaultdict(list)
        for row in self._connection.execute(query):
            found[row.finding_id].append((Pass(row.found_by), row.score))
        return {finding: tuple(scores) for finding, scores in found.items()}

    def add(self, proposal: ThresholdProposal) -> int:
        values = {
            "view_id": proposal.view_id, "category": proposal.category, "found_by": proposal.found_by.value,
            "before": proposal.before, "threshold": proposal.proposed.threshold, "facts": _facts(proposal),
            "created_at": proposal.created_at, "state": proposal.state.value,
        }  # fmt: skip
        statement = sa.insert(threshold_proposals).values(values).returning(threshold_proposals.c.id)
        return int(self._connection.scalars(statement).one())

    def get(self, proposal_id: int) -> ThresholdProposal:
        query = sa.select(threshold_proposals).where(threshold_proposals.c.id == proposal_id)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"no threshold proposal {proposal_id}")
        return proposal_of(row)

    def all(self, state: ThresholdState | None = None) -> tuple[ThresholdProposal, ...]:
        query = sa.select(threshold_proposals).order_by(threshold_proposals.c.id.desc())
        if state is not None:
            query = query.where(threshold_proposals.c.state == state.value)
        return tuple(proposal_of(row) for row in self._connection.execute(query))

    def decide(self, proposal: ThresholdProposal) -> None:
        values = {
            "state": proposal.state.value, "decided_by": proposal.decided_by, "decided_at": proposal.decided_at,
        }  # fmt: skip
        own = threshold_proposals.c.id == proposal.id
        self._connection.execute(sa.update(threshold_proposals).where(own).values(values))


def _facts(proposal: ThresholdProposal) -> dict[str, JsonValue]:
    its = proposal.proposed
    return {
        "model": proposal.model,
        "interval": list(its.interval),
        "cut": [its.cut.part, its.cut.whole],
        "kept": [its.kept.part, its.kept.whole],
        "kept_in_town": [its.kept_in_town.part, its.kept_in_town.whole],
        "numbers_cut": list(its.numbers_cut),
    }


def proposal_of(row: rows.AnyRow) -> ThresholdProposal:
    facts = row.facts
    proposed = Proposed(
        row.threshold, (facts["interval"][0], facts["interval"][1]), Share(*facts["cut"]), Share(*facts["kept"]),
        Share(*facts["kept_in_town"]), tuple(facts["numbers_cut"]),
    )  # fmt: skip
    return ThresholdProposal(
        row.view_id, row.category, Pass(row.found_by), row.before, proposed, facts["model"], row.created_at, row.id,
        ThresholdState(row.state), row.decided_by, row.decided_at,
    )  # fmt: skip
