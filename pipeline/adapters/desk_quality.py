"""What measures the readers and the detector: pairs of readings, planted answers, read samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.keyset import FlatRow, Order, Page
from pipeline.adapters.tables import findings, images, sightings, tickets, verdicts
from pipeline.adapters.tables_desk import known_answers, reviews, sample_readings, second_readings
from pipeline.domain.agreement import Agreement, agreement
from pipeline.domain.intervals import Interval, wilson
from pipeline.domain.recall import Recall, recall
from pipeline.domain.review import Teaches, VerdictKind


@dataclass(frozen=True, slots=True)
class Reader:
    """One reviewer, over a span of time."""

    who: str
    done: int
    seconds: float | None
    """From picture to key, on average."""
    known: int
    correct: int
    accuracy: float | None
    interval: Interval | None


def agreement_of(connection: Connection, since: datetime) -> Agreement:
    """Of first and second readings that were asked for since."""
    pairs = sa.select(second_readings.c.first_answer, second_readings.c.second_answer).where(
        second_readings.c.second_answer.is_not(None), second_readings.c.asked_at >= since
    )
    return agreement((row[0], row[1]) for row in connection.execute(pairs))


def open_readings(connection: Connection) -> dict[str, int]:
    """Second readings by state."""
    query = sa.select(second_readings.c.state, sa.func.count()).group_by(second_readings.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def readers(connection: Connection, since: datetime) -> list[Reader]:
    right = sa.func.coalesce(sa.func.sum(sa.case((reviews.c.correct.is_(sa.true()), 1), else_=0)), 0)
    query = (
        sa.select(
            reviews.c.who, sa.func.count(), sa.func.avg(reviews.c.seconds), sa.func.count(reviews.c.known_id), right
        )
        .where(reviews.c.at >= since, reviews.c.withdrawn_at.is_(None))
        .group_by(reviews.c.who)
        .order_by(reviews.c.who)
    )
    return [
        Reader(who, done, seconds, known, int(correct), correct / known if known else None, wilson(int(correct), known))
        for who, done, seconds, known, correct in connection.execute(query)
    ]


def recall_of(connection: Connection, since: datetime) -> Recall | None:
    """Of the frames since then in which the detector looked; None where no sample was kept.

    Empty frames are estimated from the samples that were kept, each standing for 1 / its share of them.
    """
    kept = sa.select(images.c.share, sa.func.count()).where(images.c.share.is_not(None), images.c.created_at >= since)
    gone = sa.select(sample_readings.c.share, sa.func.count()).where(
        sample_readings.c.frame_at >= since, sample_readings.c.image.not_in(sa.select(images.c.digest))
    )
    strata = [
        *connection.execute(kept.group_by(images.c.share)),
        *connection.execute(gone.group_by(sample_readings.c.share)),
    ]
    empty = sum(count / share for share, count in strata if share)
    read, missed = _read_samples(connection, since)
    if not empty:
        return None
    return recall(_found_frames(connection, since), read, missed, min(1.0, max(read, 1) / empty))


def _read_samples(connection: Connection, since: datetime) -> tuple[int, int]:
    missed = sa.func.coalesce(sa.func.sum(sa.case((sample_readings.c.missed > 0, 1), else_=0)), 0)
    row = connection.execute(sa.select(sa.func.count(), missed).where(sample_readings.c.frame_at >= since)).one()
    return int(row[0]), int(row[1])


def _found_frames(connection: Connection, since: datetime) -> int:
    """Frames with a sighting of something that a person confirmed."""
    confirmed = sa.select(tickets.c.finding_id).where(
        sa.exists().where(
            verdicts.c.number == tickets.c.number,
            verdicts.c.teaches == Teaches.positive.value,
            verdicts.c.kind != VerdictKind.added.value,
        )
    )
    frames = (
        sa.select(findings.c.view_id, sightings.c.round_id)
        .join(findings, findings.c.id == sightings.c.finding_id)
        .where(sightings.c.finding_id.in_(confirmed), sightings.c.at >= since)
        .distinct()
        .subquery()
    )
    return int(connection.scalar(sa.select(sa.func.count()).select_from(frames)) or 0)


def known_page(connection: Connection, cursor: str | None, size: int) -> Page:
    """Newest first, with how many readers met them and how many knew."""
    met = (
        sa.select(
            reviews.c.known_id,
            sa.func.count().label("read"),
            sa.func.sum(sa.case((reviews.c.correct.is_(sa.true()), 1), else_=0)).label("correct"),
        )
        .where(reviews.c.withdrawn_at.is_(None), reviews.c.known_id.is_not(None))
        .group_by(reviews.c.known_id)
        .subquery()
    )
    query = (
        sa.select(
            known_answers,
            tickets.c.site,
            sa.func.coalesce(met.c.read, 0).label("read"),
            sa.func.coalesce(met.c.correct, 0).label("correct"),
        )
        .outerjoin(tickets, tickets.c.number == known_answers.c.number)
        .outerjoin(met, met.c.known_id == known_answers.c.id)
    )
    return Order((known_answers.c.id,)).page(connection, query, cursor, size)


def live_boxes(connection: Connection, view_id: int, at: datetime, but: str) -> Sequence[FlatRow]:
    """Boxes of the view's other findings that were there at that time."""
    there = (findings.c.first_seen_at <= at) & (findings.c.last_seen_at >= at) & (findings.c.id != but)
    states = findings.c.state.in_(("open", "dismissed"))
    query = sa.select(findings.c.left, findings.c.top, findings.c.right, findings.c.bottom, findings.c.category)
    return connection.execute(query.where(findings.c.view_id == view_id, states, there).limit(20)).all()
