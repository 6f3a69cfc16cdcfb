"""Places and those who answer for them."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Tier(IntEnum):
    leader = 1
    department = 2
    community = 3


class SiteKind(StrEnum):
    construction_site = "construction_site"
    main_road = "main_road"
    crossing = "crossing"
    shop = "shop"
    compound = "compound"
    back_street = "back_street"


SITE_KIND_NAMES = {
    SiteKind.construction_site: ("工地", "Construction site"),
    SiteKind.main_road: ("主干道", "Main road"),
    SiteKind.crossing: ("路口", "Crossing"),
    SiteKind.shop: ("商铺", "Shop"),
    SiteKind.compound: ("小区", "Compound"),
    SiteKind.back_street: ("背街小巷", "Back street"),
}


@dataclass(frozen=True, slots=True)
class Position:
    """WGS-84 degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Site:
    name: str
    kind: SiteKind
    key_point: bool
    core_zone: bool
    address: str
    position: Position | None
    units: dict[Tier, str]
    """Unit names by tier; the highest number is the nearest to the street."""

    @property
    def responsible_unit(self) -> str | None:
        return self.units[max(self.units)] if self.units else None
