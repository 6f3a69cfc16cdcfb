"""Rules of dispatch in the database, and the sites and units that they speak of."""

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.repositories import bump
from pipeline.adapters.rows import AnyRow, Columns
from pipeline.adapters.tables import site_units, sites, units
from pipeline.adapters.tables_life import dispatch_rules
from pipeline.domain.category import Kind
from pipeline.domain.dispatch import DispatchRule
from pipeline.domain.errors import NotFound
from pipeline.domain.site import Position, Site, SiteKind, Tier

TOPIC = "rules"


class SqlDispatchRules:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> tuple[DispatchRule, ...]:
        query = sa.select(dispatch_rules).order_by(dispatch_rules.c.position, dispatch_rules.c.id)
        return tuple(rule_of(row) for row in self._connection.execute(query))

    def add(self, rule: DispatchRule) -> int:
        last = self._connection.scalar(sa.select(sa.func.max(dispatch_rules.c.position)))
        columns = {**rule_columns(rule), "position": 0 if last is None else last + 1}
        added = self._connection.execute(sa.insert(dispatch_rules).values(columns).returning(dispatch_rules.c.id))
        bump(self._connection, TOPIC)
        return int(added.scalar_one())

    def save(self, rule: DispatchRule) -> None:
        update = sa.update(dispatch_rules).where(dispatch_rules.c.id == rule.id)
        self._connection.execute(update.values(rule_columns(rule)))
        bump(self._connection, TOPIC)

    def remove(self, rule_id: int) -> None:
        self._connection.execute(sa.delete(dispatch_rules).where(dispatch_rules.c.id == rule_id))
        bump(self._connection, TOPIC)

    def site(self, name: str) -> Site:
        row = self._connection.execute(sa.select(sites).where(sites.c.name == name)).first()
        if row is None:
            raise NotFound(f"no site {name[:80]!r}")
        joined = sa.select(site_units.c.tier, units.c.name).join(units, units.c.id == site_units.c.unit_id)
        found = self._connection.execute(joined.where(site_units.c.site_id == row.id).order_by(site_units.c.tier))
        position = None if row.latitude is None else Position(row.latitude, row.longitude)
        by_tier = {Tier(unit.tier): unit.name for unit in found}
        return Site(row.name, SiteKind(row.kind), row.key_point, row.core_zone, row.address, position, by_tier)

    def units(self) -> dict[str, Tier]:
        query = sa.select(units.c.name, units.c.tier).order_by(units.c.tier, units.c.name)
        return {row.name: Tier(row.tier) for row in self._connection.execute(query)}


def rule_columns(rule: DispatchRule) -> Columns:
    return {
        "site": rule.site,
        "site_kind": rule.site_kind.value if rule.site_kind else None,
        "category": rule.category,
        "kind": rule.kind.value if rule.kind else None,
        "units": [unit.value if isinstance(unit, Tier) else unit for unit in rule.units],
        "note": rule.note,
        "position": rule.position,
    }


def rule_of(row: AnyRow) -> DispatchRule:
    return DispatchRule(
        row.id,
        tuple(Tier(unit) if isinstance(unit, int) else unit for unit in row.units),
        row.site,
        SiteKind(row.site_kind) if row.site_kind else None,
        row.category,
        Kind(row.kind) if row.kind else None,
        row.note,
        row.position,
    )
