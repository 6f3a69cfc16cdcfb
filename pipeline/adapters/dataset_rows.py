"""Rows of frozen dataset versions: what they were made of, and whose frames had to leave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters import rows, tables
from pipeline.adapters.repositories import insert_or
from pipeline.adapters.tables_learning import dataset_samples, dataset_versions, forgotten_views
from pipeline.domain.audit import JsonValue
from pipeline.domain.errors import NotFound
from pipeline.domain.label import SampleRow
from pipeline.domain.review import Teaches

AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class VersionRow:
    hash: str
    created_at: datetime
    created_by: str
    counts: Mapping[str, JsonValue]


def add_version(connection: Connection, version: VersionRow, samples: Sequence[SampleRow]) -> bool:
    """Whether it was new; one that is there stays as it is."""
    columns = {
        "hash": version.hash, "created_at": version.created_at, "created_by": version.created_by,
        "counts": dict(version.counts),
    }  # fmt: skip
    statement = insert_or(connection, dataset_versions).on_conflict_do_nothing()
    if not connection.execute(statement, columns).rowcount:
        return False
    for start in range(0, len(samples), AT_ONCE):
        part = [_columns(version.hash, one) for one in samples[start : start + AT_ONCE]]
        connection.execute(sa.insert(dataset_samples), part)
    return True


def _columns(dataset: str, one: SampleRow) -> rows.Columns:
    return {
        "dataset": dataset, "sample": one.sample, "verdict_id": one.verdict_id, "number": one.number,
        "image": one.image, "view_id": one.view_id, "split": one.split, "teaches": one.teaches,
        "category": one.category,
    }  # fmt: skip


def versions(connection: Connection) -> list[rows.AnyRow]:
    """The newest first."""
    query = sa.select(dataset_versions).order_by(dataset_versions.c.created_at.desc(), dataset_versions.c.hash)
    return list(connection.execute(query))


def version_named(connection: Connection, prefix: str) -> rows.AnyRow:
    """Raises NotFound, also where the beginning of the hash fits several."""
    found = [row for row in versions(connection) if prefix and row.hash.startswith(prefix)]
    if len(found) != 1:
        count = len(found) or "no"
        raise NotFound(f"{count} dataset versions answer to {prefix!r}; ./patrol dataset versions shows them")
    return found[0]


def samples_of(connection: Connection, dataset: str) -> list[SampleRow]:
    query = sa.select(dataset_samples).where(dataset_samples.c.dataset == dataset)
    found = connection.execute(query.order_by(dataset_samples.c.sample, dataset_samples.c.verdict_id))
    return [
        SampleRow(
            row.sample, row.verdict_id, row.number, row.image, row.view_id, row.split, Teaches(row.teaches),
            row.category,
        )
        for row in found
    ]  # fmt: skip


def traced(connection: Connection, wanted: str) -> list[rows.AnyRow]:
    """Samples of a ticket's number, or of a sample's own name (or its beginning), in whatever versions."""
    own = dataset_samples.c
    query = sa.select(dataset_samples).where((own.number == wanted) | own.sample.startswith(wanted, autoescape=True))
    return list(connection.execute(query.order_by(own.dataset, own.sample, own.verdict_id)))


def views_of_camera(connection: Connection, camera: str) -> list[int]:
    """Raises NotFound."""
    views, cameras = tables.views, tables.cameras
    query = sa.select(views.c.id).join(cameras, cameras.c.id == views.c.camera_id).where(cameras.c.name == camera)
    found = list(connection.scalars(query))
    if not found:
        raise NotFound(f"no camera is called {camera!r}; ./patrol cameras list shows them")
    return found


def to_be_replaced(connection: Connection) -> dict[str, list[int]]:
    """Versions in force that still hold frames of views which had to leave, with these views."""
    own = dataset_samples.c
    query = (
        sa.select(own.dataset, own.view_id).distinct()
        .join(dataset_versions, own.dataset == dataset_versions.c.hash)
        .where(own.view_id.in_(sa.select(forgotten_views.c.view_id)), dataset_versions.c.replaced_by.is_(None))
        .order_by(own.dataset, own.view_id)
    )  # fmt: skip
    found: dict[str, list[int]] = {}
    for row in connection.execute(query):
        found.setdefault(row.dataset, []).append(row.view_id)
    return found


def replaced(connection: Connection) -> list[str]:
    """Hashes of versions whose files must be gone."""
    own = dataset_versions.c
    return list(connection.scalars(sa.select(own.hash).where(own.replaced_by.is_not(None)).order_by(own.hash)))


def forget_views(connection: Connection, view_ids: Sequence[int], who: str, why: str, at: datetime) -> None:
    """Their frames enter no version again."""
    statement = insert_or(connection, forgotten_views).on_conflict_do_nothing()
    connection.execute(statement, [{"view_id": view, "at": at, "who": who, "why": why[:300]} for view in view_ids])


def why_forgotten(connection: Connection, view_ids: Sequence[int]) -> tuple[str, str]:
    """Who said so last, and why."""
    own = forgotten_views.c
    query = sa.select(own.who, own.why).where(own.view_id.in_(view_ids)).order_by(own.at.desc(), own.view_id)
    row = connection.execute(query.limit(1)).one()
    return row.who, row.why


def replace_version(connection: Connection, old: str, new: str, view_ids: Sequence[int], why: str) -> None:
    """The old one's rows of these views go; it stays as a name that leads to the new one (empty: to nothing)."""
    gone = (dataset_samples.c.dataset == old) & dataset_samples.c.view_id.in_(view_ids)
    connection.execute(sa.delete(dataset_samples).where(gone))
    own = dataset_versions.c.hash == old
    connection.execute(sa.update(dataset_versions).where(own).values(replaced_by=new, why_replaced=why[:300]))
