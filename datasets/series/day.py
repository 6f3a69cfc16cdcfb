"""One day of a fixed view as a script: what stands where from when to when, how the light goes, when it rains."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pipeline.domain.geometry import Box, Point

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


class Kind(StrEnum):
    """What can be put into a view."""

    litter = "litter"
    stall = "stall"
    cable = "cable"
    sticker = "sticker"
    two_wheeler = "two_wheeler"
    """Parked: of no category."""
    person = "person"
    """Stands about: of no category."""
    car = "car"
    """Parked: of no category."""


CATEGORY_OF: dict[Kind, str] = {
    Kind.litter: "litter",
    Kind.stall: "street_business",
    Kind.cable: "charging_cable",
    Kind.sticker: "illegal_ad",
}
"""What is not named here is nobody's offence: a ticket over it is false."""


class Night(StrEnum):
    """How a camera sees after dusk."""

    infra_red = "infra_red"
    lamps = "lamps"
    """In colour, by street lamps."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Something that comes to one place and goes again.

    `place` is the room kept for it, in shares of the frame: it stands at the middle of its lower edge, and what is
    drawn there may be smaller. Times are seconds since the day's first frame; `seed` decides what it looks like.
    """

    kind: Kind
    place: Box
    size_px: int
    """The longer side of what is drawn; a cable's thickness."""
    from_s: float
    until_s: float
    seed: int
    root: Point | None = None
    """Where a cable begins, in shares; it ends at the foot of its place."""
    spot_m: Point | None = None
    """Where something on the ground stands, in metres before the camera."""

    @property
    def foot(self) -> Point:
        return (self.place.left + self.place.right) / 2, self.place.bottom

    @property
    def category(self) -> str | None:
        return CATEGORY_OF.get(self.kind)

    @property
    def stays_s(self) -> float:
        return self.until_s - self.from_s

    def is_there(self, elapsed_s: float) -> bool:
        return self.from_s <= elapsed_s < self.until_s


@dataclass(frozen=True, slots=True)
class Spell:
    """A time of rain; `strength` 0 to 1."""

    from_s: float
    until_s: float
    strength: float


@dataclass(frozen=True, slots=True)
class Day:
    """The same day always gives the same frames."""

    name: str
    seed: int
    starts_at: datetime
    """Aware; the light follows its local hour."""
    lasts_s: float
    stays: tuple[Stay, ...] = ()
    rain: tuple[Spell, ...] = ()
    night: Night = Night.infra_red
    cloudiness: float = 0.5
    """0: the sun shines all day; 1: it never comes out."""

    def there(self, elapsed_s: float) -> tuple[Stay, ...]:
        """What stands there, in the order in which it is to be drawn: far ones first."""
        present = (stay for stay in self.stays if stay.is_there(elapsed_s))
        return tuple(sorted(present, key=lambda stay: (stay.kind is not Kind.sticker, stay.place.bottom)))

    def rain_at(self, elapsed_s: float) -> float:
        """Strength of the rain, 0 to 1; it sets in and ends over some minutes."""
        return max((_swell(spell, elapsed_s) for spell in self.rain), default=0.0)


SETS_IN_WITHIN_S = 240.0


def _swell(spell: Spell, elapsed_s: float) -> float:
    edge_s = min(elapsed_s - spell.from_s, spell.until_s - elapsed_s)
    return spell.strength * min(1.0, max(0.0, edge_s / SETS_IN_WITHIN_S))
