"""What the camera pages show, as flat rows: Core SQL, no domain values, no unit of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select

from pipeline.adapters.keyset import FlatRow, Order, Page
from pipeline.adapters.patrol_queries import ATTENTION, attention
from pipeline.adapters.tables import (
    cameras,
    findings,
    images,
    plans,
    sightings,
    site_units,
    sites,
    tickets,
    units,
    view_memories,
    views,
    zones,
)
from pipeline.adapters.tables_errands import errands
from pipeline.adapters.tables_views import repairs, view_references, view_thresholds
from pipeline.domain.camera import ZoneKind
from pipeline.domain.errors import NotFound
from pipeline.ports import ImageKind

CAPTURE = "capture_view"
NEEDIEST = Order((sa.case((cameras.c.active, 0), else_=1), attention, views.c.id), descending=False)
NEWEST_REPAIR = Order((repairs.c.id,))
ONE_OF_US = ("id", "name", "preset", "failures", "next_try_at", "last_outcome", "last_fault", "last_visit_at",
             "last_good_at", "last_image", "skew_s")  # fmt: skip


@dataclass(frozen=True, slots=True)
class CameraFilter:
    """None and blank mean any."""

    text: str | None = None
    site: str | None = None
    unit: str | None = None
    attention: str | None = None
    """A key of ATTENTION, or `off`."""


def _nearest_unit() -> ColumnElement[Any]:
    nearest = sa.select(units.c.name).join(site_units, site_units.c.unit_id == units.c.id)
    nearest = nearest.where(site_units.c.site_id == sites.c.id).order_by(site_units.c.tier.desc()).limit(1)
    return nearest.scalar_subquery()


def _count(table: sa.Table, *where: ColumnElement[bool]) -> ColumnElement[Any]:
    counted = sa.select(sa.func.count()).select_from(table).where(table.c.view_id == views.c.id, *where)
    return counted.scalar_subquery()


def _rows() -> Select[Any]:
    drawn = zones.c.kind != ZoneKind.text.value
    return (
        sa.select(
            *(views.c[name] for name in ONE_OF_US),
            attention.label("attention"),
            cameras.c.id.label("camera_id"),
            cameras.c.name.label("camera"),
            cameras.c.active,
            cameras.c.source_kind,
            cameras.c.source,
            cameras.c.credentials.is_not(None).label("has_password"),
            sites.c.name.label("site"),
            sites.c.kind.label("site_kind"),
            sites.c.key_point,
            sites.c.core_zone,
            sites.c.address,
            sites.c.latitude,
            sites.c.longitude,
            _nearest_unit().label("unit"),
            _count(zones, drawn).label("zones"),
            _count(view_references).label("references_approved"),
            _count(view_thresholds).label("own_thresholds"),
            _count(repairs, repairs.c.closed_at.is_(None)).label("repairs_open"),
        )
        .join(cameras, cameras.c.id == views.c.camera_id)
        .join(sites, sites.c.id == cameras.c.site_id)
        .where(views.c.active)
    )


def camera_page(connection: Connection, wanted: CameraFilter, cursor: str | None, size: int) -> Page:
    """Views, those that need a person first, cameras that are switched off last."""
    return NEEDIEST.page(connection, _rows().where(*_conditions(wanted)), cursor, size)


def _conditions(wanted: CameraFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.attention == "off":
        conditions.append(cameras.c.active.is_(False))
    elif wanted.attention:
        conditions += [cameras.c.active, attention == ATTENTION[wanted.attention]]
    if wanted.site:
        conditions.append(sites.c.name == wanted.site)
    if wanted.unit:
        answering = sa.select(site_units.c.site_id).join(units, units.c.id == site_units.c.unit_id)
        conditions.append(sites.c.id.in_(answering.where(units.c.name == wanted.unit)))
    if wanted.text and wanted.text.strip():
        text = wanted.text.strip()
        searched = (views.c.name, cameras.c.name, sites.c.name, sites.c.address)
        conditions.append(sa.or_(*(column.icontains(text, autoescape=True) for column in searched)))
    return conditions


def cameras_by_attention(connection: Connection) -> dict[str, int]:
    """Views by a key of ATTENTION, and `off`."""
    rank = sa.case((cameras.c.active.is_(False), len(ATTENTION)), else_=attention).label("rank")
    query = sa.select(rank, sa.func.count().label("views")).select_from(views)
    query = query.join(cameras, cameras.c.id == views.c.camera_id).where(views.c.active).group_by("rank")
    counted = {row.rank: row.views for row in connection.execute(query)}
    return {name: counted.get(place, 0) for name, place in {**ATTENTION, "off": len(ATTENTION)}.items()}


def one_camera_view(connection: Connection, view_id: int) -> FlatRow:
    """Raises NotFound."""
    row = connection.execute(_rows().where(views.c.id == view_id)).one_or_none()
    if row is None:
        raise NotFound(f"no view {view_id}")
    return row


def first_view_of(connection: Connection, camera_id: int) -> FlatRow:
    """Raises NotFound."""
    query = _rows().where(cameras.c.id == camera_id).order_by(views.c.preset, views.c.id).limit(1)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound(f"no camera {camera_id}")
    return row


def units_of_site(connection: Connection, site: str) -> dict[int, str]:
    """Names by tier."""
    query = sa.select(site_units.c.tier, units.c.name).join(units, units.c.id == site_units.c.unit_id)
    query = query.join(sites, sites.c.id == site_units.c.site_id).where(sites.c.name == site)
    return {row.tier: row.name for row in connection.execute(query)}


def references_of(connection: Connection, view_id: int) -> tuple[dict[str, FlatRow], frozenset[str]]:
    """The approved ones by mode (`image`, `approved_by`, `at`), and the modes that the patrol compares with."""
    query = sa.select(view_references).where(view_references.c.view_id == view_id)
    approved = {row.mode: row for row in connection.execute(query)}
    known = sa.select(view_memories.c.references).where(view_memories.c.view_id == view_id)
    return approved, frozenset(connection.scalar(known) or ())


def moved_in_a_row(connection: Connection, view_id: int) -> int:
    """Visits in a row that found the view moved."""
    facts = connection.scalar(sa.select(view_memories.c.facts).where(view_memories.c.view_id == view_id))
    return int((facts or {}).get("moved_in_a_row", 0))


def last_mode(connection: Connection, view_id: int) -> str | None:
    facts = connection.scalar(sa.select(view_memories.c.facts).where(view_memories.c.view_id == view_id))
    return (facts or {}).get("mode")


def stored_sightings(connection: Connection, view_id: int, most: int) -> Sequence[FlatRow]:
    """Newest first: category, score, found_by, finding_id, at, image, box, and number and status of the ticket."""
    query = (
        sa.select(
            findings.c.category,
            sightings.c.score,
            sightings.c.found_by,
            sightings.c.finding_id,
            sightings.c.at,
            sightings.c.image,
            *(sightings.c[side] for side in ("left", "top", "right", "bottom")),
            tickets.c.number,
            tickets.c.status,
        )
        .join(findings, findings.c.id == sightings.c.finding_id)
        .outerjoin(tickets, tickets.c.finding_id == findings.c.id)
        .where(findings.c.view_id == view_id)
        .order_by(sightings.c.at.desc(), sightings.c.finding_id)
        .limit(most)
    )
    return connection.execute(query).all()


def thresholds_of(connection: Connection, view_id: int) -> dict[str, FlatRow]:
    """By category: threshold, fine_threshold, set_by, at."""
    query = sa.select(view_thresholds).where(view_thresholds.c.view_id == view_id)
    return {row.category: row for row in connection.execute(query)}


def repair_page(connection: Connection, closed: bool, cursor: str | None, size: int) -> Page:
    state = repairs.c.closed_at.is_not(None) if closed else repairs.c.closed_at.is_(None)
    query = (
        sa.select(repairs, views.c.name.label("view"), sites.c.name.label("site"), views.c.last_outcome)
        .join(views, views.c.id == repairs.c.view_id)
        .join(cameras, cameras.c.id == views.c.camera_id)
        .join(sites, sites.c.id == cameras.c.site_id)
        .where(state)
    )
    return NEWEST_REPAIR.page(connection, query, cursor, size)


def repairs_of(connection: Connection, view_id: int) -> Sequence[FlatRow]:
    return connection.execute(
        sa.select(repairs).where(repairs.c.view_id == view_id).order_by(repairs.c.id.desc()).limit(10)
    ).all()


def repairs_by_state(connection: Connection) -> dict[str, int]:
    done = repairs.c.closed_at.is_not(None)
    counted = sa.select(sa.func.count().filter(~done).label("open"), sa.func.count().filter(done).label("done"))
    row = connection.execute(counted.select_from(repairs)).one()
    return {"open": int(row.open), "done": int(row.done)}


def is_picture_of(connection: Connection, view_id: int, digest: str) -> bool:
    """Whether a row names this image as one of this view that people may see."""
    query = sa.select(images.c.kind).where(images.c.digest == digest, images.c.view_id == view_id)
    kind = connection.scalar(query)
    return kind is not None and kind != ImageKind.print.value


def all_plans(connection: Connection) -> Sequence[FlatRow]:
    return connection.execute(sa.select(plans).order_by(plans.c.name)).all()


def views_of_plan(connection: Connection, core_zone_only: bool, site_names: Sequence[str]) -> int:
    query = sa.select(sa.func.count()).select_from(views).join(cameras, cameras.c.id == views.c.camera_id)
    query = query.join(sites, sites.c.id == cameras.c.site_id).where(views.c.active, cameras.c.active)
    if core_zone_only:
        query = query.where(sites.c.core_zone)
    if site_names:
        query = query.where(sites.c.name.in_(site_names))
    return int(connection.scalar(query) or 0)


@dataclass(frozen=True, slots=True)
class Asked:
    """The latest errand of one kind for a view."""

    id: int
    state: str
    asked_by: str
    asked_at: datetime
    payload: dict[str, Any]  # Any: a JSON value
    answer: dict[str, Any]
    why: str

    @property
    def is_pending(self) -> bool:
        return self.state in ("waiting", "running")


def latest_errands(connection: Connection, view_id: int, kinds: Sequence[str]) -> dict[str, Asked]:
    """By kind."""
    return latest_errands_of(connection, str(view_id), kinds)


def latest_errands_of(connection: Connection, subject: str, kinds: Sequence[str]) -> dict[str, Asked]:
    of_view = (errands.c.subject == subject) & errands.c.kind.in_(kinds)
    last = sa.select(sa.func.max(errands.c.id)).where(of_view).group_by(errands.c.kind)
    found = connection.execute(sa.select(errands).where(errands.c.id.in_(last)))
    return {
        row.kind: Asked(
            row.id, row.state, row.asked_by, row.asked_at, row.payload or {}, row.answer or {}, row.why or ""
        )
        for row in found
    }


def latest_picture(connection: Connection, view_id: int) -> str | None:
    """The newest picture that a worker captured because somebody asked for it."""
    done = (errands.c.subject == str(view_id)) & (errands.c.kind == CAPTURE) & (errands.c.state == "done")
    answer = connection.scalar(sa.select(errands.c.answer).where(done).order_by(errands.c.id.desc()).limit(1))
    return (answer or {}).get("image")
