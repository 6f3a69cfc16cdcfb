"""What the desk shows, as flat rows: cards, the queue, progress of a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from pipeline.adapters.desk import SqlReviews
from pipeline.adapters.keyset import FlatRow
from pipeline.adapters.tables import (
    cameras,
    categories,
    findings,
    images,
    reasons,
    sightings,
    sites,
    ticket_history,
    tickets,
    verdicts,
    views,
)
from pipeline.adapters.tables_desk import known_answers, reviews, second_readings
from pipeline.adapters.tables_views import view_references
from pipeline.domain.desk import Lease, Shown
from pipeline.domain.errors import NotFound
from pipeline.domain.intervals import Interval, wilson
from pipeline.domain.review import ReviewKind, Teaches, VerdictKind
from pipeline.domain.ticket import Status
from pipeline.ports import ImageKind

PICTURES = tuple(kind.value for kind in ImageKind if kind is not ImageKind.print)
RECENT = 8
"""Reviews of one's own that are listed."""


@dataclass(frozen=True, slots=True)
class Precision:
    """Verdicts so far of what the detector called one category in one view."""

    confirmed: int
    dismissed: int
    share: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class StripFrame:
    role: str
    """`reference`, `first` or `last`."""
    image: str
    at: datetime
    box: FlatRow | None
    """With left, top, right, bottom; the reference has none."""


@dataclass(frozen=True, slots=True)
class Card:
    """One card with all that the desk draws."""

    lease: Lease
    is_sample: bool
    number: str | None
    place: FlatRow
    """View, camera, site, address, position."""
    finding: FlatRow | None
    """None for a sample."""
    shown: Shown | None
    image: str | None
    taken_at: datetime
    strip: tuple[StripFrame, ...] = ()
    precision: Precision | None = None
    opinions: tuple[str, ...] = ()
    """Of a conflict: what the two readers said."""


def card_of(connection: Connection, lease: Lease) -> Card:
    """Raises NotFound where what it shows is gone."""
    number, image = _subject(connection, lease)
    if number is None:
        assert image is not None, "a card shows a ticket or a sample"
        return _sample_card(connection, lease, image)
    finding = _finding_of(connection, number)
    shown = SqlReviews(connection).shown(number)
    return Card(
        lease, False, number, place_of(connection, finding.view_id), finding, shown, shown.image, finding.created_at,
        strip_of(connection, finding), precision_of(connection, finding.view_id, finding.category),
        _opinions(connection, lease),
    )  # fmt: skip


def _subject(connection: Connection, lease: Lease) -> tuple[str | None, str | None]:
    """The ticket's number, or the frame's digest."""
    if lease.kind is ReviewKind.first:
        return lease.subject, None
    if lease.kind in (ReviewKind.sample, ReviewKind.asked):
        return None, lease.subject
    row_id = int(lease.subject.split(" ", 1)[0])
    if lease.kind is ReviewKind.known:
        known = sa.select(known_answers.c.number, known_answers.c.image).where(known_answers.c.id == row_id)
        row = connection.execute(known).one_or_none()
    else:
        query = sa.select(second_readings.c.number, sa.null()).where(second_readings.c.id == row_id)
        row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("this card is there no more")
    return row[0], row[1]


FINDING_OF = (
    sa.select(
        findings,
        categories.c.name_zh.label("category_zh"),
        categories.c.name_en.label("category_en"),
        tickets.c.unit,
        tickets.c.recurring,
        tickets.c.created_at,
    )
    .join(tickets, tickets.c.finding_id == findings.c.id)
    .join(categories, categories.c.code == findings.c.category)
    .where(tickets.c.number == sa.bindparam("wanted"))
)
"""These are built once: each is asked for every card, and takes longer to build than to run."""
PLACE_OF = (
    sa.select(
        views.c.id.label("view_id"),
        views.c.name.label("view"),
        cameras.c.name.label("camera"),
        sites.c.name.label("site"),
        sites.c.kind.label("site_kind"),
        sites.c.address,
        sites.c.latitude,
        sites.c.longitude,
    )
    .join(cameras, cameras.c.id == views.c.camera_id)
    .join(sites, sites.c.id == cameras.c.site_id)
    .where(views.c.id == sa.bindparam("wanted"))
)


def _count_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


RIGHT = verdicts.c.kind.in_((VerdictKind.confirmed.value, VerdictKind.redrawn.value))
WRONG = (verdicts.c.kind == VerdictKind.dismissed.value) | (
    (verdicts.c.kind == VerdictKind.relabelled.value) & (verdicts.c.teaches == Teaches.negative.value)
)
"""A relabelled ticket counts against the category that the detector gave it."""
PRECISION_OF = sa.select(_count_of(RIGHT), _count_of(WRONG)).where(
    verdicts.c.view_id == sa.bindparam("view"), verdicts.c.category == sa.bindparam("called")
)


def _finding_of(connection: Connection, number: str) -> FlatRow:
    """The finding, with its category's names; what the detector said, whatever was said since."""
    row = connection.execute(FINDING_OF, {"wanted": number}).one_or_none()
    if row is None:
        raise NotFound(f"no ticket {number[:24]!r}")
    return row


def place_of(connection: Connection, view_id: int) -> FlatRow:
    return connection.execute(PLACE_OF, {"wanted": view_id}).one()


def positions(connection: Connection) -> Sequence[FlatRow]:
    """Name, latitude and longitude of the sites that have a position."""
    query = sa.select(sites.c.name, sites.c.latitude, sites.c.longitude).order_by(sites.c.name)
    return connection.execute(query.where(sites.c.latitude.is_not(None), sites.c.longitude.is_not(None))).all()


def strip_of(connection: Connection, finding: FlatRow) -> tuple[StripFrame, ...]:
    """The view before the finding was there, if a picture was kept; its first and its newest picture."""
    strip = []
    before = _before(connection, finding)
    if before is not None:
        strip.append(StripFrame("reference", before[0], before[1], None))
    pictured = sa.select(sightings).where(sightings.c.finding_id == finding.id, sightings.c.image.is_not(None))
    first = connection.execute(pictured.order_by(sightings.c.at).limit(1)).one_or_none()
    last = connection.execute(pictured.order_by(sightings.c.at.desc()).limit(1)).one_or_none()
    if first is not None:
        strip.append(StripFrame("first", first.image, first.at, first))
    if last is not None and first is not None and last.at != first.at:
        strip.append(StripFrame("last", last.image, last.at, last))
    return tuple(strip)


def _before(connection: Connection, finding: FlatRow) -> FlatRow | None:
    """Digest and time: the newest kept frame from before it came, else the reference that a person approved."""
    kept = sa.select(images.c.digest, images.c.created_at).where(
        images.c.view_id == finding.view_id, images.c.created_at < finding.first_seen_at, images.c.kind.in_(PICTURES)
    )
    row = connection.execute(kept.order_by(images.c.created_at.desc()).limit(1)).one_or_none()
    if row is not None:
        return row
    approved = sa.select(view_references.c.image, view_references.c.at).where(
        view_references.c.view_id == finding.view_id, view_references.c.image.in_(sa.select(images.c.digest))
    )
    return connection.execute(approved.order_by(view_references.c.mode).limit(1)).one_or_none()


def precision_of(connection: Connection, view_id: int, category: str) -> Precision:
    row = connection.execute(PRECISION_OF, {"view": view_id, "called": category}).one()
    confirmed, dismissed = int(row[0]), int(row[1])
    total = confirmed + dismissed
    return Precision(confirmed, dismissed, confirmed / total if total else None, wilson(confirmed, total))


def _opinions(connection: Connection, lease: Lease) -> tuple[str, ...]:
    if lease.kind is not ReviewKind.conflict:
        return ()
    said = sa.select(second_readings.c.first_answer, second_readings.c.second_answer)
    row = connection.execute(said.where(second_readings.c.id == int(lease.subject))).one()
    return (row.first_answer, row.second_answer)


def _sample_card(connection: Connection, lease: Lease, digest: str) -> Card:
    row = connection.execute(sa.select(images).where(images.c.digest == digest)).one_or_none()
    if row is None or row.view_id is None:
        raise NotFound("this sampled frame is kept no more")
    return Card(lease, True, None, place_of(connection, row.view_id), None, None, digest, row.created_at)


def waiting_tickets(connection: Connection, most: int) -> int:
    """Counted up to `most`: nobody needs to know more, and counting all of a long queue takes long."""
    some = sa.select(tickets.c.number).where(tickets.c.status == Status.awaiting_review.value).limit(most).subquery()
    return int(connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0)


@dataclass(frozen=True, slots=True)
class Progress:
    done: int
    """Reviews of this person since then that stand."""
    tickets: int
    """Tickets that they decided."""
    lately: int
    """Reviews within the last hour."""
    seconds: float | None
    """From the first of these to now."""


def progress_of(connection: Connection, who: str, since: datetime, now: datetime) -> Progress:
    at, hour_ago = reviews.c.at, now - timedelta(hours=1)
    today, lately = at >= since, at >= hour_ago
    query = sa.select(
        _count_of(today),
        sa.func.coalesce(sa.func.sum(sa.case((today, reviews.c.tickets), else_=0)), 0),
        _count_of(lately),
        sa.func.min(sa.case((lately, at)), type_=at.type),
    ).where(reviews.c.who == who, at >= min(since, hour_ago), reviews.c.withdrawn_at.is_(None))
    done, decided, hour, first = connection.execute(query).one()
    return Progress(int(done), int(decided), int(hour), (now - first).total_seconds() if first else None)


def recent_reviews(connection: Connection, who: str) -> Sequence[FlatRow]:
    """One's own that stand, newest first. Kinds are left out: a planted card looks like any other."""
    query = (
        sa.select(
            reviews.c.key, reviews.c.at, reviews.c.answer, reviews.c.number, reviews.c.image, reviews.c.tickets,
            tickets.c.site, tickets.c.category,
        )
        .outerjoin(tickets, tickets.c.number == reviews.c.number)
        .where(reviews.c.who == who, reviews.c.withdrawn_at.is_(None))
        .order_by(reviews.c.at.desc(), reviews.c.key)
    )  # fmt: skip
    return connection.execute(query.limit(RECENT)).all()


def reason_rows(connection: Connection) -> Sequence[FlatRow]:
    """All, with how often each was used."""
    used = (
        sa.select(verdicts.c.reason, sa.func.count().label("used"))
        .where(verdicts.c.reason.is_not(None))
        .group_by(verdicts.c.reason)
        .subquery()
    )
    told = sa.exists().where(ticket_history.c.reason == reasons.c.code)
    query = sa.select(
        reasons, sa.func.coalesce(used.c.used, 0).label("used"), (told | used.c.used.is_not(None)).label("is_used")
    ).outerjoin(used, used.c.reason == reasons.c.code)
    return connection.execute(query.order_by(reasons.c.position, reasons.c.code)).all()
