"""The repository of frames that people are asked about, and of the doubtful ones from which these are chosen."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters import rows, tables
from pipeline.adapters.repositories import insert_or
from pipeline.adapters.tables_learning import asked_frames, doubtful_frames, forgotten_views
from pipeline.domain.asking import AskedFor, AskedFrame, DoubtfulFrame, Guess, undecided
from pipeline.domain.errors import NotFound
from pipeline.domain.review import Review
from pipeline.ports import ImageKind


class SqlAskedFrames:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note_doubtful(self, frames: Sequence[DoubtfulFrame]) -> None:
        if frames:
            statement = insert_or(self._connection, doubtful_frames).on_conflict_do_nothing()
            self._connection.execute(statement, [_doubtful_columns(frame) for frame in frames])

    def doubted_at(self, view_ids: Sequence[int]) -> dict[int, datetime]:
        own = doubtful_frames.c
        query = sa.select(own.view_id, sa.func.max(own.at, type_=own.at.type)).where(own.view_id.in_(view_ids))
        return {row[0]: row[1] for row in self._connection.execute(query.group_by(own.view_id))}

    def doubtful(self, since: datetime) -> tuple[DoubtfulFrame, ...]:
        own = doubtful_frames.c
        query = sa.select(doubtful_frames).where(
            own.at >= since,
            own.view_id.not_in(sa.select(forgotten_views.c.view_id)),
            ~sa.exists().where(asked_frames.c.image == own.image),
        )
        return tuple(_doubtful_of(row) for row in self._connection.execute(query.order_by(own.at, own.image)))

    def add(self, frames: Sequence[AskedFrame]) -> None:
        if frames:
            statement = insert_or(self._connection, asked_frames).on_conflict_do_nothing()
            self._connection.execute(statement, [_asked_columns(frame) for frame in frames])

    def get(self, image: str) -> AskedFrame:
        query = sa.select(asked_frames).join(tables.images, tables.images.c.digest == asked_frames.c.image)
        row = self._connection.execute(query.where(asked_frames.c.image == image)).one_or_none()
        if row is None:
            raise NotFound(f"nobody asks about {image[:12]}, or it is kept no more")
        return AskedFrame(row.image, row.view_id, row.frame_at, row.asked_at, AskedFor(row.why), row.worth)

    def read(self, image: str, review: Review, found: int) -> None:
        own = sa.update(asked_frames).where(asked_frames.c.image == image)
        self._connection.execute(own.values(review=review.key, read_at=review.at, found=found))
        held = (tables.images.c.digest == image) & (tables.images.c.kind == ImageKind.asked.value)
        kept = sa.update(tables.images).where(held)
        self._connection.execute(kept.values(kind=ImageKind.evidence.value))

    def unread(self, key: str) -> None:
        mine = asked_frames.c.review == key
        digests = list(self._connection.scalars(sa.select(asked_frames.c.image).where(mine)))
        if not digests:
            return
        values = {"review": None, "read_at": None, "found": None}
        self._connection.execute(sa.update(asked_frames).where(mine).values(values))
        ticketed = sa.exists().where(tables.ticket_images.c.digest == tables.images.c.digest)
        alone = tables.images.c.digest.in_(digests) & (tables.images.c.kind == ImageKind.evidence.value) & ~ticketed
        back = sa.update(tables.images).where(alone)
        self._connection.execute(back.values(kind=ImageKind.asked.value))

    def waiting(self) -> int:
        query = sa.select(sa.func.count()).select_from(asked_frames).where(asked_frames.c.read_at.is_(None))
        return int(self._connection.scalar(query) or 0)

    def chosen_since(self, since: datetime) -> int:
        own = asked_frames.c
        query = sa.select(sa.func.count()).select_from(asked_frames)
        chosen = query.where(own.asked_at >= since, own.why != AskedFor.shadow.value)
        return int(self._connection.scalar(chosen) or 0)

    def newest(self, most: int) -> tuple[str, ...]:
        own = asked_frames.c
        query = sa.select(own.image).order_by(own.asked_at.desc(), own.image).limit(most)
        return tuple(self._connection.scalars(query))


def _doubtful_columns(frame: DoubtfulFrame) -> rows.Columns:
    nearest = max(frame.guesses, key=undecided)
    return {
        "image": frame.image,
        "view_id": frame.view_id,
        "at": frame.at,
        "category": nearest.category,
        "score": nearest.score,
        "threshold": nearest.threshold,
        "guesses": [[guess.category, guess.score, guess.threshold] for guess in frame.guesses],
        "model": frame.model,
    }


def _doubtful_of(row: rows.AnyRow) -> DoubtfulFrame:
    guesses = tuple(Guess(score, threshold, category) for category, score, threshold in row.guesses)
    return DoubtfulFrame(row.image, row.view_id, row.at, guesses, row.model)


def _asked_columns(frame: AskedFrame) -> rows.Columns:
    return {
        "image": frame.image,
        "view_id": frame.view_id,
        "frame_at": frame.at,
        "asked_at": frame.asked_at,
        "why": frame.why.value,
        "worth": frame.worth,
    }
