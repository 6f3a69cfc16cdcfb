"""Cameras, sites, units and views: read for a round, and saved from lists and forms."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipeline.adapters import rows, tables
from pipeline.adapters.addresses import Credentials, host_of, place_of, source_kind_of
from pipeline.adapters.audit import note_audit
from pipeline.adapters.camera_lists import CameraList, CameraRow
from pipeline.adapters.database import reading, writing
from pipeline.adapters.repositories import bump, upsert
from pipeline.adapters.tables_views import view_thresholds
from pipeline.domain.audit import Audit, JsonValue
from pipeline.domain.camera import View, ViewThreshold, Zone
from pipeline.domain.errors import BadInput, NotFound
from pipeline.domain.site import Position, Site, SiteKind, Tier

NAMES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Import:
    """What came of a file: how many went in, and the bad rows by line number."""

    added: int
    updated: int
    bad: dict[int, str] = field(default_factory=dict)


class Came(StrEnum):
    """What becomes, or would become, of one row of a list."""

    added = "added"
    updated = "updated"
    refused = "refused"


@dataclass(frozen=True, slots=True)
class RowReport:
    number: int
    """As a spreadsheet shows it."""
    name: str
    came: Came
    why: str = ""


class SqlFleet:
    def __init__(self, engine: Engine, seal: Callable[[Credentials], bytes]) -> None:
        self._engine = engine
        self._seal = seal

    def import_cameras(self, good: Iterable[CameraRow], bad: dict[int, str], at: datetime) -> Import:
        """Add new cameras, bring known ones (by name) up to date; all in one transaction."""
        added = updated = 0
        with writing(self._engine) as connection:
            for row in good:
                if _save_camera(connection, row, self._seal, at):
                    added += 1
                else:
                    updated += 1
        return Import(added, updated, bad)

    def take_list(self, read: CameraList, by: tuple[str, datetime], dry_run: bool) -> list[RowReport]:
        """Row by row what went in, or on a dry run what would; good rows in one transaction, audited by name."""
        who, at = by
        opened = reading(self._engine) if dry_run else writing(self._engine)
        with opened as connection:
            known = _known_names(connection, [row.name for row in read.good.values()])
            if not dry_run:
                for row in read.good.values():
                    _save_camera(connection, row, self._seal, at)
                    action = "changed" if row.name in known else "added"
                    note_audit(connection, Audit(at, who, action, "camera", row.name, None, _camera_facts(row)))
                bump(connection, "cameras")
        refused = [RowReport(number, "", Came.refused, why) for number, why in read.bad.items()]
        taken = [
            RowReport(number, row.name, Came.updated if row.name in known else Came.added)
            for number, row in read.good.items()
        ]
        return sorted((*taken, *refused), key=lambda report: report.number)

    def add_camera(self, row: CameraRow, who: str, at: datetime) -> int:
        """Gives the number of its first view. Raises BadInput where the name is taken."""
        with writing(self._engine) as connection:
            if _known_names(connection, [row.name]):
                raise BadInput(f"there is a camera {row.name} already")
            _save_camera(connection, row, self._seal, at)
            note_audit(connection, Audit(at, who, "added", "camera", row.name, None, _camera_facts(row)))
            bump(connection, "cameras")
            views, cameras = tables.views.c, tables.cameras.c
            query = sa.select(views.id).join(tables.cameras, cameras.id == views.camera_id)
            return int(connection.scalars(query.where(cameras.name == row.name)).one())

    def change_camera(self, camera_id: int, row: CameraRow, who: str, at: datetime) -> None:
        """Its stored credentials stay where the row has none and the host is the same: another host never gets them.

        Raises NotFound, BadInput where the name is another camera's.
        """
        cameras = tables.cameras
        with writing(self._engine) as connection:
            before = connection.execute(sa.select(cameras).where(cameras.c.id == camera_id)).first()
            if before is None:
                raise NotFound(f"no camera {camera_id}")
            others = sa.select(cameras.c.id).where(cameras.c.name == row.name, cameras.c.id != camera_id)
            if connection.scalar(others) is not None:
                raise BadInput(f"there is a camera {row.name} already")
            connection.execute(sa.update(cameras).where(cameras.c.id == camera_id).values(name=row.name))
            _save_camera(connection, row, self._seal, at)
            if row.credentials is None and host_of(before.source) == host_of(row.source):
                kept = sa.update(cameras).where(cameras.c.id == camera_id)
                connection.execute(kept.values(credentials=before.credentials, active=before.active))
            facts = {"name": before.name, "source": place_of(before.source)}
            note_audit(connection, Audit(at, who, "changed", "camera", row.name, facts, _camera_facts(row)))
            bump(connection, "cameras")

    def set_active(self, camera_id: int, active: bool, who: str, at: datetime) -> None:
        """A camera that is not active is in no round; what is known of it stays. Raises NotFound."""
        cameras = tables.cameras
        with writing(self._engine) as connection:
            before = connection.execute(sa.select(cameras).where(cameras.c.id == camera_id)).first()
            if before is None:
                raise NotFound(f"no camera {camera_id}")
            connection.execute(sa.update(cameras).where(cameras.c.id == camera_id).values(active=active))
            facts = ({"active": bool(before.active)}, {"active": active})
            note_audit(connection, Audit(at, who, "changed", "camera", before.name, *facts))
            bump(connection, "cameras")

    def site_of(self, name: str) -> Site:
        """Raises NotFound."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(tables.sites).where(tables.sites.c.name == name)).first()
            if row is None:
                raise NotFound(f"no site {name!r}")
            query = sa.select(tables.site_units.c.tier, tables.units.c.name)
            query = query.join(tables.units, tables.units.c.id == tables.site_units.c.unit_id)
            units = connection.execute(query.where(tables.site_units.c.site_id == row.id)).all()
        position = None
        if row.latitude is not None and row.longitude is not None:
            position = Position(row.latitude, row.longitude)
        return Site(
            row.name, SiteKind(row.kind), row.key_point, row.core_zone, row.address,
            position,
            {Tier(unit.tier): unit.name for unit in units},
        )  # fmt: skip

    def views(self, view_ids: Sequence[int] | None = None) -> list[View]:
        """Active views, all or those asked for, with their zones and responsible units."""
        wanted = tables.views.c.active & tables.cameras.c.active
        if view_ids is not None:
            wanted &= tables.views.c.id.in_(view_ids)
        with reading(self._engine) as connection:
            zones = _zones(connection)
            units = _nearest_units(connection)
            thresholds = _thresholds(connection)
            found = connection.execute(_view_query().where(wanted).order_by(tables.views.c.id)).all()
        return [
            rows.view_of(row, zones.get(row.id, ()), units.get(row.site_id), thresholds.get(row.id, ()))
            for row in found
        ]

    def view_ids_of_plan(self, core_zone_only: bool, site_names: Sequence[str]) -> list[int]:
        query = (
            sa.select(tables.views.c.id)
            .join(tables.cameras, tables.cameras.c.id == tables.views.c.camera_id)
            .join(tables.sites, tables.sites.c.id == tables.cameras.c.site_id)
            .where(tables.views.c.active, tables.cameras.c.active)
            .order_by(tables.views.c.id)
        )
        if core_zone_only:
            query = query.where(tables.sites.c.core_zone)
        if site_names:
            query = query.where(tables.sites.c.name.in_(site_names))
        with reading(self._engine) as connection:
            return list(connection.scalars(query))

    def credentials_of(self, camera_id: int) -> bytes | None:
        """Sealed, as stored."""
        query = sa.select(tables.cameras.c.credentials).where(tables.cameras.c.id == camera_id)
        with reading(self._engine) as connection:
            return connection.scalars(query).first()


def _known_names(connection: Connection, names: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(names), NAMES_AT_ONCE):
        part = names[start : start + NAMES_AT_ONCE]
        found |= set(connection.scalars(sa.select(tables.cameras.c.name).where(tables.cameras.c.name.in_(part))))
    return found


def _camera_facts(row: CameraRow) -> dict[str, JsonValue]:
    """For the audit: of the address the host alone, as some cameras want a password in the rest of it."""
    return {"site": row.site.name, "source": place_of(row.source), "password": "set" if row.credentials else "none"}


def _view_query() -> Any:  # Any: a select's type lists its columns
    return (
        sa.select(
            tables.views.c.id,
            tables.views.c.camera_id,
            tables.cameras.c.name,
            tables.cameras.c.source_kind,
            tables.cameras.c.source,
            tables.cameras.c.site_id,
            tables.sites.c.name.label("site_name"),
            tables.views.c.failures,
            tables.views.c.next_try_at,
        )
        .join(tables.cameras, tables.cameras.c.id == tables.views.c.camera_id)
        .join(tables.sites, tables.sites.c.id == tables.cameras.c.site_id)
    )


def _zones(connection: Connection) -> dict[int, tuple[Zone, ...]]:
    found: dict[int, list[Zone]] = defaultdict(list)
    for row in connection.execute(sa.select(tables.zones).order_by(tables.zones.c.id)):
        found[row.view_id].append(rows.zone_of(row))
    return {view_id: tuple(zones) for view_id, zones in found.items()}


def _thresholds(connection: Connection) -> dict[int, tuple[ViewThreshold, ...]]:
    found: dict[int, list[ViewThreshold]] = defaultdict(list)
    query = sa.select(view_thresholds).order_by(view_thresholds.c.view_id, view_thresholds.c.category)
    for row in connection.execute(query):
        found[row.view_id].append(rows.threshold_of(row))
    return {view_id: tuple(own) for view_id, own in found.items()}


def _nearest_units(connection: Connection) -> dict[int, str]:
    """By site, the unit of the highest tier number."""
    query = (
        sa.select(tables.site_units.c.site_id, tables.units.c.name)
        .join(tables.units, tables.units.c.id == tables.site_units.c.unit_id)
        .order_by(tables.site_units.c.site_id, tables.site_units.c.tier)
    )
    return {row.site_id: row.name for row in connection.execute(query)}


def _save_camera(connection: Connection, row: CameraRow, seal: Callable[[Credentials], bytes], at: datetime) -> bool:
    """True where the camera is new."""
    site_id = _save_site(connection, row.site)
    known = connection.scalars(sa.select(tables.cameras.c.id).where(tables.cameras.c.name == row.name)).first()
    columns: rows.Columns = {
        "site_id": site_id,
        "name": row.name,
        "source_kind": source_kind_of(row.source).value,
        "source": row.source,
        "credentials": seal(row.credentials) if row.credentials else None,
        "active": True,
    }
    if known is not None:
        connection.execute(sa.update(tables.cameras).where(tables.cameras.c.id == known).values(columns))
        connection.execute(
            sa.update(tables.views).where(tables.views.c.camera_id == known).values(failures=0, next_try_at=None)
        )
        return False
    camera_id = connection.scalars(
        sa.insert(tables.cameras).values(**columns, created_at=at).returning(tables.cameras.c.id)
    ).one()
    connection.execute(
        sa.insert(tables.views).values(camera_id=camera_id, name=row.name, preset=1, active=True, failures=0)
    )
    return True


def _save_site(connection: Connection, site: Site) -> int:
    columns: rows.Columns = {
        "name": site.name,
        "kind": site.kind.value,
        "key_point": site.key_point,
        "core_zone": site.core_zone,
        "address": site.address,
        "latitude": site.position.latitude if site.position else None,
        "longitude": site.position.longitude if site.position else None,
    }
    upsert(connection, tables.sites, [columns], ["name"])
    site_id = connection.scalars(sa.select(tables.sites.c.id).where(tables.sites.c.name == site.name)).one()
    for tier, unit in site.units.items():
        upsert(connection, tables.units, [{"name": unit, "tier": int(tier)}], ["name"])
        unit_id = connection.scalars(sa.select(tables.units.c.id).where(tables.units.c.name == unit)).one()
        upsert(
            connection,
            tables.site_units,
            [{"site_id": site_id, "tier": int(tier), "unit_id": unit_id}],
            ["site_id", "tier"],
        )
    return int(site_id)
