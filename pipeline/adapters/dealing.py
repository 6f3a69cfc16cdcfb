"""The repository of the desk's cards: leases, second readings, known answers, samples and frames asked about.

A lease is one short insert that gives way to one that has not ended: two reviewers never win the same card, whether
writers wait for each other (SQLite) or run side by side (PostgreSQL).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from secrets import token_urlsafe

import sqlalchemy as sa
from sqlalchemy import BindParameter, ColumnElement, Connection

from pipeline.adapters import rows, tables
from pipeline.adapters.repositories import insert_or, upsert
from pipeline.adapters.tables_desk import (
    known_answers,
    leases,
    passes_over,
    reviews,
    sample_readings,
    second_readings,
)
from pipeline.adapters.tables_learning import asked_frames, forgotten_views
from pipeline.domain.asking import AskedFor
from pipeline.domain.desk import KnownAnswer, Lease, Sample, SecondReading
from pipeline.domain.errors import NotFound
from pipeline.domain.review import Review, ReviewKind
from pipeline.domain.ticket import Status
from pipeline.ports import ImageKind

TOKEN_BYTES = 16
TRIES = 3
"""Of dealing tickets, where other reviewers take the same ones at the same moment."""
WAITING, AGREED, CONFLICT, SETTLED, DROPPED = "waiting", "agreed", "conflict", "settled", "dropped"
HEX_DIGITS = 16
SAMPLED: ColumnElement[str] = sa.literal_column(f"'{ImageKind.sample}'")
"""As the partial index over samples has it: a bound value would not be known to fit it."""
SWEPT_AFTER = timedelta(days=1)


def _free(
    kind: ReviewKind, subject: ColumnElement[str], who: str | BindParameter[str], at: datetime | BindParameter[datetime]
) -> ColumnElement[bool]:
    """On nobody's desk, and not skipped by this person."""
    leased = sa.exists().where(leases.c.kind == kind.value, leases.c.subject == subject, leases.c.until > at)
    skipped = sa.exists().where(
        passes_over.c.who == who, passes_over.c.kind == kind.value, passes_over.c.subject == subject,
        passes_over.c.until > at,
    )  # fmt: skip
    return ~leased & ~skipped


AWAITING = (
    sa.select(tables.tickets.c.number)
    .where(tables.tickets.c.status == Status.awaiting_review.value)
    .where(
        _free(
            ReviewKind.first, tables.tickets.c.number, sa.bindparam("reader", type_=sa.String),
            sa.bindparam("now", type_=tables.UtcDateTime),
        )
    )
    .order_by(tables.tickets.c.created_at, tables.tickets.c.number)
    .limit(sa.bindparam("most", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)  # fmt: skip
"""Built once: it is asked for every card, and takes longer to build than to run."""


class SqlDealing:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def renew(self, who: str, tokens: Sequence[str], at: datetime, until: datetime) -> tuple[str, ...]:
        if not tokens:
            return ()
        mine = sa.update(leases).where(leases.c.token.in_(tokens), leases.c.who == who).values(until=until)
        return tuple(self._connection.scalars(mine.returning(leases.c.token)))

    def held(self, token: str) -> Lease | None:
        return self._one(leases.c.token == token)

    def holder(self, number: str, at: datetime) -> Lease | None:
        first = leases.c.kind == ReviewKind.first.value
        return self._one(first & (leases.c.subject == number) & (leases.c.until > at))

    def _one(self, condition: ColumnElement[bool]) -> Lease | None:
        row = self._connection.execute(sa.select(leases).where(condition)).one_or_none()
        return Lease(row.token, ReviewKind(row.kind), row.subject, row.who, row.until) if row else None

    def lease(self, kind: ReviewKind, subject: str, who: str, at: datetime, until: datetime) -> Lease | None:
        won = self._won(kind, [subject], who, at, until)
        return won[0] if won else None

    def _won(self, kind: ReviewKind, subjects: Sequence[str], who: str, at: datetime, until: datetime) -> list[Lease]:
        """Those of `subjects` that nobody has; a lease of one's own is taken anew."""
        if not subjects:
            return []
        wanted = [Lease(token_urlsafe(TOKEN_BYTES), kind, subject, who, until) for subject in subjects]
        statement = insert_or(self._connection, leases).values([_lease_columns(lease) for lease in wanted])
        taken = {name: statement.excluded[name] for name in ("token", "who", "until")}
        statement = statement.on_conflict_do_update(
            index_elements=["kind", "subject"], set_=taken, where=(leases.c.until <= at) | (leases.c.who == who)
        )
        won = set(self._connection.scalars(statement.returning(leases.c.subject)))
        return [lease for lease in wanted if lease.subject in won]

    def release(self, tokens: Sequence[str], who: str) -> None:
        if tokens:
            mine = (leases.c.token.in_(tokens)) & (leases.c.who == who)
            self._connection.execute(sa.delete(leases).where(mine))

    def sweep(self, at: datetime) -> None:
        for table in (leases, passes_over):
            self._connection.execute(sa.delete(table).where(table.c.until < at - SWEPT_AFTER))

    def pass_over(self, lease: Lease, until: datetime) -> None:
        columns = {"who": lease.who, "kind": lease.kind.value, "subject": lease.subject, "until": until}
        upsert(self._connection, passes_over, [columns], ["who", "kind", "subject"])

    def deal_tickets(self, who: str, count: int, at: datetime, until: datetime) -> list[Lease]:
        dealt: list[Lease] = []
        for _ in range(TRIES):
            wanted = count - len(dealt)
            if not wanted:
                break
            found = self._connection.scalars(AWAITING, {"reader": who, "now": at, "most": wanted}).all()
            dealt += self._won(ReviewKind.first, found, who, at, until)
            if len(dealt) == count or len(found) < wanted:
                break
        return dealt

    def deal_second(self, who: str, at: datetime, until: datetime) -> Lease | None:
        table = second_readings.c
        return self._deal(
            ReviewKind.second, sa.cast(table.id, sa.String), (table.state == WAITING) & (table.first_who != who),
            who, at, until,
        )  # fmt: skip

    def deal_conflict(self, who: str, at: datetime, until: datetime) -> Lease | None:
        table = second_readings.c
        neither = (table.first_who != who) & (table.second_who != who)
        return self._deal(
            ReviewKind.conflict, sa.cast(table.id, sa.String), (table.state == CONFLICT) & neither, who, at, until
        )

    def _deal(
        self,
        kind: ReviewKind,
        subject: ColumnElement[str],
        condition: ColumnElement[bool],
        who: str,
        at: datetime,
        until: datetime,
    ) -> Lease | None:
        query = sa.select(subject).where(condition, _free(kind, subject, who, at)).order_by(second_readings.c.id)
        found = self._connection.scalars(query.limit(1)).first()
        return self.lease(kind, found, who, at, until) if found else None

    def deal_known(self, who: str, at: datetime, until: datetime, draw: float) -> Lease | None:
        table, mine = known_answers.c, reviews.alias()
        answered = sa.exists().where(mine.c.known_id == table.id, mine.c.who == who, mine.c.withdrawn_at.is_(None))
        judged = sa.exists().where(
            reviews.c.number == table.number, reviews.c.who == who, reviews.c.withdrawn_at.is_(None)
        )
        subject = sa.cast(table.id, sa.String) + sa.literal(f" {who}", sa.String)
        query = sa.select(subject).where(
            table.retired_at.is_(None), table.marked_by != who, ~answered, ~judged,
            _free(ReviewKind.known, subject, who, at),
        )  # fmt: skip
        found = self._connection.scalars(query.order_by(table.id)).all()
        if not found:
            return None
        return self.lease(ReviewKind.known, found[int(draw * len(found))], who, at, until)

    def deal_sample(self, who: str, at: datetime, until: datetime, draw: float) -> Lease | None:
        digest = tables.images.c.digest
        read = sa.exists().where(sample_readings.c.image == digest)
        planted = sa.exists().where(known_answers.c.image == digest)
        unread = sa.select(digest).where(
            tables.images.c.kind == SAMPLED, ~read, ~planted,
            _free(ReviewKind.sample, digest, who, at),
        )  # fmt: skip
        start = f"{int(draw * (16**HEX_DIGITS - 1)):0{HEX_DIGITS}x}"
        for part in (digest >= start, digest < start):
            found = self._connection.scalars(unread.where(part).order_by(digest).limit(1)).first()
            if found:
                return self.lease(ReviewKind.sample, found, who, at, until)
        return None

    def deal_asked(self, who: str, at: datetime, until: datetime) -> Lease | None:
        own = asked_frames.c
        kept = sa.exists().where(tables.images.c.digest == own.image)
        planted = sa.exists().where(known_answers.c.image == own.image)
        forgotten = sa.select(forgotten_views.c.view_id)
        query = sa.select(own.image).where(
            own.read_at.is_(None), own.view_id.not_in(forgotten), kept, ~planted,
            _free(ReviewKind.asked, own.image, who, at),
        )  # fmt: skip
        shadow_first = sa.case((own.why == AskedFor.shadow.value, 0), else_=1)
        found = self._connection.scalars(query.order_by(shadow_first, own.worth.desc(), own.image).limit(1)).first()
        return self.lease(ReviewKind.asked, found, who, at, until) if found else None

    def ask_second(self, review: Review) -> None:
        columns = {
            "number": review.number, "first_review": review.key, "first_who": review.who,
            "first_answer": review.answer, "asked_at": review.at, "state": WAITING,
        }  # fmt: skip
        self._connection.execute(sa.insert(second_readings), columns)

    def second(self, reading_id: int) -> SecondReading:
        query = sa.select(second_readings).where(second_readings.c.id == reading_id)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NotFound("this second reading is asked for no more")
        return SecondReading(row.id, row.number, row.first_who, row.first_answer, row.second_who, row.second_answer)

    def reading_of(self, key: str) -> int | None:
        table = second_readings.c
        query = sa.select(table.id).where((table.second_review == key) | (table.settled_review == key))
        return self._connection.scalars(query.limit(1)).first()

    def answer_second(self, reading_id: int, review: Review, conflict: bool) -> None:
        values = {
            "second_review": review.key, "second_who": review.who, "second_answer": review.answer,
            "state": CONFLICT if conflict else AGREED,
        }  # fmt: skip
        self._change_seconds(second_readings.c.id == reading_id, values)

    def reopen_second(self, key: str) -> None:
        values = {"second_review": None, "second_who": None, "second_answer": None, "state": WAITING}
        self._change_seconds(second_readings.c.second_review == key, values)

    def settle(self, reading_id: int, key: str) -> None:
        self._change_seconds(second_readings.c.id == reading_id, {"settled_review": key, "state": SETTLED})

    def unsettle(self, key: str) -> None:
        self._change_seconds(second_readings.c.settled_review == key, {"settled_review": None, "state": CONFLICT})

    def forget_seconds(self, key: str) -> None:
        pending = second_readings.c.state.in_((WAITING, CONFLICT))
        self._change_seconds((second_readings.c.first_review == key) & pending, {"state": DROPPED})

    def _change_seconds(self, condition: ColumnElement[bool], values: rows.Columns) -> None:
        self._connection.execute(sa.update(second_readings).where(condition).values(values))

    def known(self, known_id: int) -> KnownAnswer:
        row = self._connection.execute(sa.select(known_answers).where(known_answers.c.id == known_id)).one_or_none()
        if row is None:
            raise NotFound(f"no known answer {known_id}")
        return KnownAnswer(row.answer, row.number, row.image, row.id)

    def plant(self, known: KnownAnswer, who: str, at: datetime) -> int:
        column = "number" if known.number else "image"
        values = {
            "number": known.number, "image": known.image, "answer": known.answer, "marked_by": who, "at": at,
            "retired_at": None,
        }  # fmt: skip
        upsert(self._connection, known_answers, [values], [column])
        if known.image:
            self._keep_as_evidence(known.image)
        wanted = sa.select(known_answers.c.id).where(known_answers.c[column] == (known.number or known.image))
        return int(self._connection.execute(wanted).scalar_one())

    def retire_known(self, known_id: int, at: datetime) -> None:
        table = known_answers
        self._connection.execute(sa.update(table).where(table.c.id == known_id).values(retired_at=at))

    def sample(self, digest: str) -> Sample:
        query = sa.select(tables.images).where(tables.images.c.digest == digest)
        row = self._connection.execute(query).one_or_none()
        if row is None or row.share is None:
            raise NotFound(f"{digest[:12]} is no sampled frame, or is kept no more")
        return Sample(row.digest, row.view_id, row.created_at, row.share)

    def read_sample(self, sample: Sample, review: Review, missed: int) -> None:
        columns = {
            "image": sample.image, "view_id": sample.view_id, "frame_at": sample.at, "share": sample.share,
            "review": review.key, "who": review.who, "at": review.at, "missed": missed,
        }  # fmt: skip
        self._connection.execute(sa.insert(sample_readings), columns)
        if missed:
            self._keep_as_evidence(sample.image)

    def _keep_as_evidence(self, digest: str) -> None:
        kept = sa.update(tables.images).where(tables.images.c.digest == digest)
        self._connection.execute(kept.values(kind=ImageKind.evidence.value))

    def unread_sample(self, key: str) -> None:
        mine = sample_readings.c.review == key
        digests = list(self._connection.scalars(sa.select(sample_readings.c.image).where(mine)))
        self._connection.execute(sa.delete(sample_readings).where(mine))
        back = sa.update(tables.images).where(tables.images.c.digest.in_(digests))
        self._connection.execute(back.values(kind=ImageKind.sample.value))


def _lease_columns(lease: Lease) -> rows.Columns:
    return {
        "kind": lease.kind.value,
        "subject": lease.subject,
        "token": lease.token,
        "who": lease.who,
        "until": lease.until,
    }
