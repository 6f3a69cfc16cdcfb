"""The repository of model versions, promotions and proposals."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters import rows, tables
from pipeline.adapters.repositories import insert_or
from pipeline.adapters.seed import use_thresholds
from pipeline.adapters.tables_learning import model_versions, promotions, proposals
from pipeline.domain.detection import Pass
from pipeline.domain.errors import NotFound
from pipeline.domain.model_version import (
    ModelVersion,
    Promotion,
    PromotionKind,
    Proposal,
    ProposalState,
    Thresholds,
)


class SqlModelVersions:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, version: ModelVersion) -> None:
        self._connection.execute(
            insert_or(self._connection, model_versions).on_conflict_do_nothing(), _columns(version)
        )

    def get(self, hash12: str) -> ModelVersion:
        query = sa.select(model_versions).where(model_versions.c.hash12 == hash12)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"no model version {hash12}; ./patrol model list shows them")
        return _version_of(row)

    def all(self) -> tuple[ModelVersion, ...]:
        query = sa.select(model_versions).order_by(model_versions.c.created_at, model_versions.c.hash12)
        return tuple(_version_of(row) for row in self._connection.execute(query))

    def current(self) -> Promotion | None:
        in_force = sa.select(promotions).where(promotions.c.refused_at.is_(None))
        row = self._connection.execute(in_force.order_by(promotions.c.id.desc()).limit(1)).one_or_none()
        return _promotion_of(row) if row else None

    def promotion(self, promotion_id: int) -> Promotion:
        row = self._connection.execute(sa.select(promotions).where(promotions.c.id == promotion_id)).one_or_none()
        if row is None:
            raise NotFound(f"no promotion {promotion_id}")
        return _promotion_of(row)

    def promotions(self) -> tuple[Promotion, ...]:
        query = sa.select(promotions).order_by(promotions.c.id.desc())
        return tuple(_promotion_of(row) for row in self._connection.execute(query))

    def promote(self, promotion: Promotion, keep_thresholds: bool = False) -> Promotion:
        measured, undone = self.get(promotion.model).thresholds, self.current()
        values = {
            "model": promotion.model, "previous": promotion.previous, "kind": promotion.kind.value,
            "who": promotion.who, "words": promotion.words, "at": promotion.at,
            "thresholds_before": self._thresholds(),
        }  # fmt: skip
        inserted = sa.insert(promotions).values(values).returning(promotions.c.id)
        promotion_id = self._connection.scalars(inserted).one()
        if promotion.kind is PromotionKind.rollback and undone is not None:
            self._put_back(self._thresholds_before(undone))
        elif not keep_thresholds:
            use_thresholds(self._connection, measured)
        return self.promotion(promotion_id)

    def take_up(self, promotion: Promotion) -> None:
        own = (promotions.c.id == promotion.id) & promotions.c.taken_up_at.is_(None)
        values = {"taken_up_at": promotion.taken_up_at}
        self._connection.execute(sa.update(promotions).where(own).values(values))

    def refuse(self, promotion: Promotion) -> None:
        own = promotions.c.id == promotion.id
        values = {"refused_at": promotion.refused_at, "refused_why": (promotion.refused_why or "")[:300]}
        self._connection.execute(sa.update(promotions).where(own).values(values))
        self._put_back(self._thresholds_before(promotion))

    def propose(self, proposal: Proposal) -> int:
        values = {
            "model": proposal.model, "champion": proposal.champion, "dataset": proposal.dataset,
            "created_at": proposal.created_at, "passed": proposal.passed, "gate": dict(proposal.gate),
            "report": proposal.report, "state": proposal.state.value, "words": proposal.words,
        }  # fmt: skip
        return int(self._connection.scalars(sa.insert(proposals).values(values).returning(proposals.c.id)).one())

    def proposal(self, proposal_id: int) -> Proposal:
        row = self._connection.execute(sa.select(proposals).where(proposals.c.id == proposal_id)).one_or_none()
        if row is None:
            raise NotFound(f"no proposal {proposal_id}")
        return _proposal_of(row)

    def proposals(self, state: ProposalState | None = None) -> tuple[Proposal, ...]:
        query = sa.select(proposals).order_by(proposals.c.id.desc())
        if state is not None:
            query = query.where(proposals.c.state == state.value)
        return tuple(_proposal_of(row) for row in self._connection.execute(query))

    def decide(self, proposal: Proposal) -> None:
        values = {
            "state": proposal.state.value, "decided_by": proposal.decided_by, "decided_at": proposal.decided_at,
            "words": proposal.words,
        }  # fmt: skip
        self._connection.execute(sa.update(proposals).where(proposals.c.id == proposal.id).values(values))

    def _thresholds(self) -> dict[str, list[float | None]]:
        table = tables.categories.c
        query = sa.select(table.code, table.threshold, table.fine_threshold)
        return {row.code: [row.threshold, row.fine_threshold] for row in self._connection.execute(query)}

    def _thresholds_before(self, promotion: Promotion) -> dict[str, list[float | None]]:
        query = sa.select(promotions.c.thresholds_before).where(promotions.c.id == promotion.id)
        before: dict[str, list[float | None]] = self._connection.scalars(query).one()
        return before

    def _put_back(self, before: Mapping[str, list[float | None]]) -> None:
        for code, (threshold, fine) in before.items():
            values = {"threshold": threshold, "fine_threshold": fine}
            own = tables.categories.c.code == code
            self._connection.execute(sa.update(tables.categories).where(own).values(values))


def _columns(version: ModelVersion) -> rows.Columns:
    return {
        "hash12": version.hash12,
        "name": version.name,
        "classes": list(version.classes),
        "note": version.note,
        "thresholds": {
            code: {found_by.value: score for found_by, score in by_pass.items()}
            for code, by_pass in version.thresholds.items()
        },
        "dataset": version.dataset,
        "parents": list(version.parents),
        "code": version.code,
        "parameters": dict(version.parameters),
        "figures": dict(version.figures),
        "created_at": version.created_at,
        "created_by": version.created_by,
    }


def _version_of(row: rows.AnyRow) -> ModelVersion:
    thresholds: Thresholds = {
        code: {Pass(found_by): score for found_by, score in by_pass.items()} for code, by_pass in row.thresholds.items()
    }
    return ModelVersion(
        row.hash12, row.name, tuple(row.classes), row.created_at, row.created_by, row.note, thresholds, row.dataset,
        tuple(row.parents), row.code, row.parameters, row.figures,
    )  # fmt: skip


def _promotion_of(row: rows.AnyRow) -> Promotion:
    return Promotion(
        row.model, row.previous, PromotionKind(row.kind), row.who, row.words, row.at, row.id, row.taken_up_at,
        row.refused_at, row.refused_why,
    )  # fmt: skip


def _proposal_of(row: rows.AnyRow) -> Proposal:
    return Proposal(
        row.model, row.champion, row.created_at, row.passed, row.gate, row.report, row.dataset,
        ProposalState(row.state), row.id, row.decided_by, row.decided_at, row.words,
    )  # fmt: skip
