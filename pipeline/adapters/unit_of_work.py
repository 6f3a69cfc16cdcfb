"""One transaction with its repositories."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipeline.adapters import deadline_terms, rows, tables
from pipeline.adapters.asked_frames import SqlAskedFrames
from pipeline.adapters.audit import note_audit
from pipeline.adapters.database import reading, writing
from pipeline.adapters.dealing import SqlDealing
from pipeline.adapters.desk import SqlReviews
from pipeline.adapters.dispatch_rules import SqlDispatchRules
from pipeline.adapters.errands import SqlErrands
from pipeline.adapters.memories import StagedRows
from pipeline.adapters.model_versions import SqlModelVersions
from pipeline.adapters.photos import SqlPhotos
from pipeline.adapters.plans import SqlPlans
from pipeline.adapters.repositories import SqlFindings, SqlVisits, bump, upsert
from pipeline.adapters.shadow_rows import SqlShadowRuns
from pipeline.adapters.threshold_rows import SqlThresholdProposals
from pipeline.adapters.ticket_repository import SqlTickets
from pipeline.adapters.view_settings import SqlViewSettings
from pipeline.domain.audit import Audit
from pipeline.domain.category import Category
from pipeline.domain.review import Reason
from pipeline.domain.working_time import DeadlineTerms
from pipeline.ports import ImageKind, KeptImage, StagedMemories, UnitOfWork

STRENGTH = (
    ImageKind.print,
    ImageKind.last,
    ImageKind.asked,
    ImageKind.sample,
    ImageKind.sighting,
    ImageKind.reference,
    ImageKind.evidence,
)
"""An image kept for two purposes keeps the later of these."""


class SqlUnitOfWork:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.findings = SqlFindings(connection)
        self.visits = SqlVisits(connection)
        self.tickets = SqlTickets(connection)
        self.rules = SqlDispatchRules(connection)
        self.reviews = SqlReviews(connection)
        self.dealing = SqlDealing(connection)
        self.views = SqlViewSettings(connection)
        self.plans = SqlPlans(connection)
        self.errands = SqlErrands(connection)
        self.photos = SqlPhotos(connection)
        self.models = SqlModelVersions(connection)
        self.asked = SqlAskedFrames(connection)
        self.shadow = SqlShadowRuns(connection)
        self.threshold_proposals = SqlThresholdProposals(connection)

    def categories(self) -> dict[str, Category]:
        query = sa.select(tables.categories).order_by(tables.categories.c.position)
        return {row.code: rows.category_of(row) for row in self._connection.execute(query)}

    def reasons(self) -> dict[str, Reason]:
        return {code: reason for code, reason in self.reviews.all_reasons().items() if reason.retired_at is None}

    def deadline_terms(self, category: str, unit: str | None) -> DeadlineTerms:
        return deadline_terms.deadline_terms(self._connection, category, unit)

    def save_memories(self, staged: StagedMemories) -> None:
        if not isinstance(staged, StagedRows):
            raise TypeError("memories are staged by SqlViewMemories")
        upsert(self._connection, tables.view_memories, staged.values, ["view_id"])

    def keep_images(self, images: Sequence[KeptImage]) -> None:
        if not images:
            return
        wanted = {image.digest: image for image in sorted(images, key=lambda image: STRENGTH.index(image.kind))}
        known = sa.select(tables.images).where(tables.images.c.digest.in_(wanted))
        for row in self._connection.execute(known).all():
            if STRENGTH.index(ImageKind(row.kind)) >= STRENGTH.index(wanted[row.digest].kind):
                del wanted[row.digest]
        upsert(self._connection, tables.images, [_image_columns(image) for image in wanted.values()], ["digest"])

    def audit(self, audit: Audit) -> None:
        note_audit(self._connection, audit)

    def bump(self, topic: str) -> None:
        bump(self._connection, topic)


def _image_columns(image: KeptImage) -> rows.Columns:
    return {
        "digest": image.digest,
        "kind": image.kind.value,
        "view_id": image.view_id,
        "size_bytes": image.size_bytes,
        "created_at": image.created_at,
        "share": image.share,
    }


class SqlUnitsOfWork:
    """Opens transactions on one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def writing(self) -> Iterator[UnitOfWork]:
        with writing(self._engine) as connection:
            yield SqlUnitOfWork(connection)

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        with reading(self._engine) as connection:
            yield SqlUnitOfWork(connection)
