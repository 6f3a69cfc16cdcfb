"""What the pages of models show, as flat rows: Core SQL, no domain values, no unit of work."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from pipeline.adapters.figure_queries import local_day
from pipeline.adapters.keyset import FlatRow, Order, Page
from pipeline.adapters.tables import categories, images, sightings, tickets, verdicts, views
from pipeline.adapters.tables_learning import (
    asked_frames,
    dataset_samples,
    dataset_versions,
    model_versions,
    promotions,
    proposals,
    shadow_differences,
    shadow_runs,
    threshold_proposals,
    training_runs,
)
from pipeline.domain.errors import NotFound
from pipeline.domain.model_version import ProposalState
from pipeline.domain.review import Teaches, VerdictKind

HASH_LENGTH = 12
DEALT_FIRST = "shadow"
SAMPLE_ORDER = Order((dataset_samples.c.number, dataset_samples.c.sample, dataset_samples.c.verdict_id), False)
NEWEST_PROPOSAL = Order((threshold_proposals.c.id,))


def champion(connection: Connection) -> FlatRow | None:
    """The newest promotion that was not refused."""
    own = promotions.c
    query = sa.select(promotions).where(own.refused_at.is_(None)).order_by(own.id.desc()).limit(1)
    return connection.execute(query).one_or_none()


def all_versions(connection: Connection) -> Sequence[FlatRow]:
    """The newest first, with `standing`: champion, challenger (it waits for a decision) or archived."""
    query = sa.select(model_versions, _standing().label("standing"))
    return connection.execute(query.order_by(model_versions.c.created_at.desc(), model_versions.c.hash12)).all()


def one_version(connection: Connection, hash12: str) -> FlatRow:
    """Raises NotFound."""
    query = sa.select(model_versions, _standing().label("standing")).where(model_versions.c.hash12 == hash12)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"no model version {hash12}")
    return row


def _standing() -> ColumnElement[Any]:
    own = promotions.c
    current = sa.select(own.model).where(own.refused_at.is_(None)).order_by(own.id.desc()).limit(1).scalar_subquery()
    waits = sa.exists().where(
        proposals.c.model == model_versions.c.hash12, proposals.c.state == ProposalState.waiting.value
    )
    return sa.case((model_versions.c.hash12 == current, "champion"), (waits, "challenger"), else_="archived")


def names_of_models(connection: Connection) -> dict[str, str]:
    query = sa.select(model_versions.c.hash12, model_versions.c.name)
    return {row.hash12: row.name for row in connection.execute(query)}


def all_promotions(connection: Connection, most: int, model: str | None = None) -> Sequence[FlatRow]:
    """The newest first, refused ones too, with the model's name."""
    query = sa.select(promotions, model_versions.c.name).join(model_versions)
    if model is not None:
        query = query.where(promotions.c.model == model)
    return connection.execute(query.order_by(promotions.c.id.desc()).limit(most)).all()


def all_proposals(connection: Connection, most: int, state: str | None = None) -> Sequence[FlatRow]:
    """The newest first, with the name of the challenger and the labels that its training began with."""
    labels = sa.select(sa.func.max(training_runs.c.labels)).where(training_runs.c.proposal_id == proposals.c.id)
    query = sa.select(proposals, model_versions.c.name, labels.scalar_subquery().label("labels"))
    query = query.join(model_versions, model_versions.c.hash12 == proposals.c.model)
    if state is not None:
        query = query.where(proposals.c.state == state)
    return connection.execute(query.order_by(proposals.c.id.desc()).limit(most)).all()


def one_proposal(connection: Connection, proposal_id: int) -> FlatRow:
    """Raises NotFound."""
    row = connection.execute(sa.select(proposals).where(proposals.c.id == proposal_id)).one_or_none()
    if row is None:
        raise NotFound(f"no proposal {proposal_id}")
    return row


def all_trainings(connection: Connection, most: int) -> Sequence[FlatRow]:
    return connection.execute(sa.select(training_runs).order_by(training_runs.c.id.desc()).limit(most)).all()


def all_shadow_runs(connection: Connection, most: int) -> Sequence[FlatRow]:
    return connection.execute(sa.select(shadow_runs).order_by(shadow_runs.c.id.desc()).limit(most)).all()


def one_shadow_run(connection: Connection, run_id: int) -> FlatRow:
    """Raises NotFound."""
    row = connection.execute(sa.select(shadow_runs).where(shadow_runs.c.id == run_id)).one_or_none()
    if row is None:
        raise NotFound(f"no shadow run {run_id}")
    return row


def differences_of(connection: Connection, run_id: int, most: int) -> Sequence[FlatRow]:
    """What one of the two models alone saw, the surest first, with the name of the view and what a reader answered."""
    query = (
        sa.select(
            shadow_differences,
            views.c.name.label("view"),
            _stored(shadow_differences.c.image).label("stored"),
            asked_frames.c.read_at,
            asked_frames.c.found,
        )
        .join(views, views.c.id == shadow_differences.c.view_id)
        .outerjoin(asked_frames, asked_frames.c.image == shadow_differences.c.image)
        .where(shadow_differences.c.run_id == run_id)
        .order_by(shadow_differences.c.score.desc(), shadow_differences.c.id)
        .limit(most)
    )
    return connection.execute(query).all()


def _stored(digest: ColumnElement[Any]) -> ColumnElement[bool]:
    """Retention may have taken it."""
    return sa.exists().where(images.c.digest == digest)


def all_datasets(connection: Connection, most: int) -> Sequence[FlatRow]:
    """The newest first, with how many tickets each learned from."""
    own = dataset_samples.c
    learned = sa.select(sa.func.count(sa.distinct(own.number))).where(own.dataset == dataset_versions.c.hash)
    query = sa.select(dataset_versions, learned.scalar_subquery().label("tickets"))
    order = (dataset_versions.c.created_at.desc(), dataset_versions.c.hash)
    return connection.execute(query.order_by(*order).limit(most)).all()


def one_dataset(connection: Connection, digest: str) -> FlatRow:
    """Raises NotFound."""
    row = connection.execute(sa.select(dataset_versions).where(dataset_versions.c.hash == digest)).one_or_none()
    if row is None:
        raise NotFound(f"no dataset version {digest[:12]}")
    return row


def models_of(connection: Connection, digest: str) -> Sequence[FlatRow]:
    """Versions that were trained on this dataset."""
    query = sa.select(model_versions.c.hash12, model_versions.c.name).where(model_versions.c.dataset == digest)
    return connection.execute(query.order_by(model_versions.c.created_at.desc())).all()


def sample_page(connection: Connection, digest: str, cursor: str | None, size: int) -> Page:
    """Samples of a dataset version that came from a ticket, by its number."""
    own = dataset_samples.c
    query = (
        sa.select(dataset_samples, verdicts.c.who, verdicts.c.at, verdicts.c.kind, verdicts.c.reason)
        .add_columns(*(verdicts.c[side] for side in ("left", "top", "right", "bottom")))
        .add_columns(_stored(own.image).label("stored"))
        .outerjoin(verdicts, verdicts.c.id == own.verdict_id)
        .where(own.dataset == digest, own.number.is_not(None))
    )
    return SAMPLE_ORDER.page(connection, query, cursor, size)


def samples_by_use(connection: Connection, digest: str) -> Sequence[FlatRow]:
    """How many samples teach what, by split and category; a category of None is background."""
    own = dataset_samples.c
    group = (own.split, own.category, own.teaches)
    query = sa.select(*group, sa.func.count(sa.distinct(own.sample)).label("samples")).where(own.dataset == digest)
    return connection.execute(query.group_by(*group).order_by(*group)).all()


def learned_from(connection: Connection, number: str) -> Sequence[FlatRow]:
    """Which weights learned from a ticket: dataset, model (none: not trained on it yet), standing; the newest first."""
    own = dataset_samples.c
    query = (
        sa.select(own.dataset, own.split, own.teaches, own.category, model_versions.c.hash12, model_versions.c.name)
        .add_columns(sa.case((model_versions.c.hash12.is_(None), None), else_=_standing()).label("standing"))
        .distinct()
        .add_columns(dataset_versions.c.created_at)
        .join(dataset_versions, dataset_versions.c.hash == own.dataset)
        .outerjoin(model_versions, model_versions.c.dataset == own.dataset)
        .where(own.number == number)
        .order_by(dataset_versions.c.created_at.desc(), own.dataset, model_versions.c.hash12)
    )
    return connection.execute(query).all()


def precision_by_day(connection: Connection, since: datetime, zone: tzinfo, now: datetime) -> Sequence[FlatRow]:
    """Local day on which the ticket came, weights that found it, and what reviewers said: right, wrong, allowed."""
    day = local_day(connection, tickets.c.created_at, zone, now).label("day")
    own = sightings.c
    first = sa.select(own.model).where(own.finding_id == tickets.c.finding_id).order_by(own.round_id, own.attempt)
    model = sa.func.substr(first.limit(1).scalar_subquery(), 1, HASH_LENGTH)
    kind, teaches = verdicts.c.kind, verdicts.c.teaches
    right = kind.in_((VerdictKind.confirmed.value, VerdictKind.redrawn.value))
    dismissed = kind == VerdictKind.dismissed.value
    relabelled = sa.and_(kind == VerdictKind.relabelled.value, teaches == Teaches.negative.value)
    told = (
        sa.select(
            day,
            model.label("model"),
            sa.case((right, 1), else_=0).label("right"),
            sa.case((sa.or_(dismissed, relabelled), 1), else_=0).label("wrong"),
            sa.case((sa.and_(dismissed, teaches != Teaches.negative.value), 1), else_=0).label("allowed"),
        )
        .join(verdicts, verdicts.c.number == tickets.c.number)
        .where(tickets.c.created_at >= since, sa.or_(right, dismissed, relabelled))
        .subquery()
    )
    sums = (sa.func.sum(told.c[name]).label(name) for name in ("right", "wrong", "allowed"))
    query = sa.select(told.c.day, told.c.model, *sums).where(told.c.model.is_not(None))
    return connection.execute(query.group_by(told.c.day, told.c.model).order_by(told.c.day, told.c.model)).all()


def threshold_page(connection: Connection, state: str | None, cursor: str | None, size: int) -> Page:
    """Thresholds that verdicts speak for, the newest first."""
    query = (
        sa.select(threshold_proposals, views.c.name.label("view"), categories.c.name_zh, categories.c.name_en)
        .join(views, views.c.id == threshold_proposals.c.view_id)
        .join(categories, categories.c.code == threshold_proposals.c.category)
    )
    if state is not None:
        query = query.where(threshold_proposals.c.state == state)
    return NEWEST_PROPOSAL.page(connection, query, cursor, size)


def thresholds_waiting(connection: Connection) -> int:
    waiting = threshold_proposals.c.state == ProposalState.waiting.value
    return int(connection.scalar(sa.select(sa.func.count()).select_from(threshold_proposals).where(waiting)) or 0)


def asked_by_reason(connection: Connection) -> Sequence[FlatRow]:
    """Frames that people are asked about by `why`: how many wait, were read, and how many of these held something."""
    own = asked_frames.c
    read = own.read_at.is_not(None)
    query = sa.select(
        own.why,
        sa.func.sum(sa.case((read, 0), else_=1)).label("waiting"),
        sa.func.sum(sa.case((read, 1), else_=0)).label("read"),
        sa.func.sum(sa.case((sa.and_(read, own.found > 0), 1), else_=0)).label("held_something"),
    )
    return connection.execute(query.group_by(own.why).order_by(own.why)).all()


def asked_next(connection: Connection, most: int) -> Sequence[FlatRow]:
    """Those that are dealt next, with the name of the view: what two models differ about first."""
    own = asked_frames.c
    first = sa.case((own.why == DEALT_FIRST, 0), else_=1)
    query = sa.select(asked_frames, views.c.name.label("view")).join(views, views.c.id == own.view_id)
    query = query.where(own.read_at.is_(None), _stored(own.image))
    return connection.execute(query.order_by(first, own.worth.desc(), own.image).limit(most)).all()
